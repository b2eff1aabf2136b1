"""Settings of the Parakeet transcriber."""

from __future__ import annotations

from pydantic import Field

from app.settings.group import Group, config


class ParakeetSettings(Group):
    """Parakeet."""

    model: str = "nvidia/parakeet-tdt-0.6b-v3"
    """Hub id, or local folder in onnx-asr's form. `v2` (English) and `v3` (25 European languages)
    are short for NVIDIA's models, which are fetched in ONNX form."""
    quantization: str | None = None
    """Variant of the files, such as `int8`, which takes a quarter of the memory. float32 unless
    set."""
    cpu_threads: int = Field(0, ge=0)
    """ONNX Runtime threads on a CPU; 0 for its own choice."""

    model_config = config("PARAKEET_")
