"""Engines that speak, by name, imported only when chosen."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from app.gpu.engine_registry import load_engine
from app.services.tts.speech_engine import SpeechEngine
from app.settings import Settings

SPEECH_ENGINES: Mapping[str, str] = MappingProxyType(
    {
        "embedded": "app.services.tts.espeak:EspeakEngine",
        "espeak": "app.services.tts.espeak:EspeakEngine",
        "openai": "app.services.tts.openai_speech:OpenAiEngine",
        "kokoro": "app.services.tts.kokoro:KokoroEngine",
    }
)


def build_speech_engine(settings: Settings) -> SpeechEngine:
    """Import and construct the engine that the settings name; ``open`` comes later.

    Raises:
        EngineLoadError: no such engine, or its library is missing.
    """
    return cast("SpeechEngine", load_engine(SPEECH_ENGINES, settings.tts.engine, settings))
