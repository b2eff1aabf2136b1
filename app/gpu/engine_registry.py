"""Registry of the engines: a row for each, imported only when chosen.

A new engine is a module or package below ``app.gpu.engines`` and a row here; where it has settings
of its own, a group in `app.settings` beside those of its role; an extra for its packages; and a row
in ``tests/gpu/engines/engine_rows.py``, which tests it against the protocol. Nothing else names it.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from app.domain.errors import EngineLoadError
from app.settings import Settings

VADS: Mapping[str, str] = MappingProxyType({"silero": "app.gpu.engines.silero_vad:SileroVad"})

_WHISPER = "app.gpu.engines.whisperx:WhisperxTranscriber"

TRANSCRIBERS: Mapping[str, str] = MappingProxyType(
    {
        "whisperx": _WHISPER,
        "whisper": _WHISPER,
        "embedded": _WHISPER,
        "parakeet": "app.gpu.engines.parakeet:ParakeetTranscriber",
        "openai": "app.gpu.engines.audio_api:AudioApiTranscriber",
        "endpoint": "app.gpu.engines.endpoints:EndpointTranscriber",
    }
)

ALIGNERS: Mapping[str, str] = MappingProxyType(
    {"wav2vec2": "app.gpu.engines.wav2vec2:Wav2Vec2Aligner"}
)

DIARIZERS: Mapping[str, str] = MappingProxyType(
    {
        "pyannote": "app.gpu.engines.pyannote:PyannoteDiarizer",
        "endpoint": "app.gpu.engines.endpoints:EndpointDiarizer",
    }
)


def load_engine(known: Mapping[str, str], name: str, settings: Settings) -> Any:
    """Import and construct the engine of that name; slow, since it loads the model.

    Raises:
        EngineLoadError: no such engine, or it cannot be loaded.
    """
    if name not in known:
        raise EngineLoadError(f"No engine {name!r}; known: {', '.join(known)}")
    module_name, class_name = known[name].split(":")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise EngineLoadError(f"Engine {name!r} cannot be imported: {error}") from error
    return getattr(module, class_name)(settings)
