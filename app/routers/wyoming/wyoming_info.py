"""What a Wyoming server says of itself."""

from __future__ import annotations

from collections.abc import Sequence

from app.container import Services
from app.domain.errors import CuestreamError
from app.domain.version import __version__
from app.gpu.calls.spoken_languages import LANGUAGE_CODES
from app.services.tts.speech_engine import ANY_LANGUAGE, Voice

_NAME = "cuestream"
_ATTRIBUTION = {"name": "Cuestream", "url": ""}


async def server_info(services: Services) -> dict[str, object]:
    """Return the data of ``info``: one transcriber, and one speaker where there is one."""
    return {"asr": _transcribers(services), "tts": await _speakers(services)}


def _artifact(name: str, description: str) -> dict[str, object]:
    attribution = {"attribution": _ATTRIBUTION, "installed": True, "version": __version__}
    return {"name": name, "description": description, **attribution}


def _transcribers(services: Services) -> list[dict[str, object]]:
    settings = services.settings
    if not settings.asr.enabled:
        return []
    readiness = services.readiness
    languages: Sequence[str] = LANGUAGE_CODES
    if readiness.loaded:
        languages = readiness.engine_manager.engines.languages or LANGUAGE_CODES
    model = {**_artifact(settings.asr.engine, "Speech to text"), "languages": list(languages)}
    program = {**_artifact(_NAME, "Subtitle server"), "models": [model]}
    return [{**program, "supports_transcript_streaming": True, "requires_external_vad": True}]


async def _speakers(services: Services) -> list[dict[str, object]]:
    try:
        voices = await services.synthesizer.voices(None)
    except CuestreamError:
        return []
    program = {**_artifact(_NAME, "Speech output"), "voices": [_voice(each) for each in voices]}
    return [{**program, "supports_synthesize_streaming": True}]


def _voice(voice: Voice) -> dict[str, object]:
    languages = ["en"] if voice.lang == ANY_LANGUAGE else [voice.lang]
    return {**_artifact(voice.id, voice.name), "languages": languages}
