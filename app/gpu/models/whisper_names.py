"""Names of Whisper checkpoints."""

from __future__ import annotations

from app.domain.errors import EngineLoadError
from app.gpu.device import Device
from app.gpu.packages import installed

_ORIGINALS = frozenset({"openai", "distil-whisper"})
"""Owners of checkpoints in another form, whose converted twins faster-whisper lists."""

_PREFIXES = ("faster-whisper-", "whisper-")


def hub_id(wanted: str) -> str:
    """Return the hub id of a size name, in any case; a converted model's own id stays as it is.

    ``openai/whisper-large-v3`` and ``whisper-large-v3`` are the size ``large-v3``.

    Raises:
        EngineLoadError: no size of that name; lists them.
    """
    from faster_whisper.utils import _MODELS

    owner, _, name = wanted.strip().rpartition("/")
    size = name.lower()
    for prefix in _PREFIXES:
        size = size.removeprefix(prefix)
    if size in _MODELS and owner.lower() in {"", *_ORIGINALS}:
        return str(_MODELS[size])
    if not owner:
        raise EngineLoadError(
            f"WHISPER_MODEL {wanted!r} is neither a folder, nor a hub id (owner/name), nor a "
            f"size name; size names: {', '.join(_MODELS)}"
        )
    return wanted.strip()


def default_model(device: Device) -> str:
    """Return the size name of the model where `WHISPER_MODEL` is not set.

    Args:
        device: where it runs. A GPU without PyTorch is no machine that was set up for one.
    """
    return "large-v3-turbo" if device == "cuda" and installed("torch") else "base"
