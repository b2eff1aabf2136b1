"""Speech engine protocol with its registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Protocol, cast

from app.domain.language import Language
from app.gpu.engine_registry import load_engine
from app.settings import Settings

Gender = Literal["female", "male", "neutral"]

ANY_LANGUAGE = "mul"
"""Language of a multilingual voice. Source: ISO 639-2, "multiple languages"."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of a speech engine.

    Attributes:
        id: the engine's identifier.
        name: display name.
        lang: BCP 47 tag of its language, or ``mul``.
        gender: as the engine describes it.
    """

    id: str
    name: str
    lang: str
    gender: Gender


@dataclass(frozen=True, slots=True)
class SpeechAbilities:
    """What an engine can do beside its voices.

    Attributes:
        slowest: lowest speed that it takes, as a multiple of the voice's own.
        fastest: highest speed; equal to ``slowest`` where it has one speed alone.
        sample_rate_hz: of its sound; None where each answer says so itself.
    """

    slowest: float = 1.0
    fastest: float = 1.0
    sample_rate_hz: int | None = None

    def nearest_speed(self, speed: float) -> float:
        """Return the speed nearest to a wanted one that the engine takes."""
        return min(max(speed, self.slowest), self.fastest)


class SpeechEngine(Protocol):
    """Synthesizes speech of short texts.

    Attributes:
        name: as in ``TTS_ENGINE``.
        revision: changes whenever the same voice may sound different.
        abilities: what it can do; valid once it is open.
    """

    name: str
    revision: str
    abilities: SpeechAbilities

    async def open(self) -> None:
        """Load the engine; called once, before everything else.

        Raises:
            EngineLoadError: it cannot run here.
        """

    async def close(self) -> None:
        """Close connections."""

    def voices(self, language: Language | None) -> Sequence[Voice]:
        """Return the voices for a language, the default one first; all of them for None."""

    def defaults(self) -> Mapping[str, str]:
        """Return the default voice's id by language tag."""

    async def speak(self, text: str, voice: Voice) -> bytes:
        """Return the text as MP3.

        Raises:
            SpeechError: synthesis failed.
        """

    async def sound(self, text: str, voice: Voice, speed: float) -> bytes:
        """Return the text without loss, as WAV or any other format whose header tells its rate.

        Args:
            text: to be spoken.
            voice: of this engine.
            speed: multiple of the voice's own, within `abilities`.

        Raises:
            SpeechError: synthesis failed.
        """


SPEECH_ENGINES: Mapping[str, str] = MappingProxyType(
    {
        "embedded": "app.services.tts.espeak:EspeakEngine",
        "espeak": "app.services.tts.espeak:EspeakEngine",
        "openai": "app.services.tts.openai_speech:OpenAiEngine",
        "kokoro": "app.services.tts.kokoro:KokoroEngine",
        "kokoro-ja": "app.services.tts.kokoro_japanese:JapaneseKokoroEngine",
    }
)
"""Class of each engine by its name in ``TTS_ENGINE``, imported only when chosen."""


def build_speech_engine(settings: Settings) -> SpeechEngine:
    """Import and construct the engine that the settings name; ``open`` comes later.

    Raises:
        EngineLoadError: no such engine, or its library is missing.
    """
    return cast("SpeechEngine", load_engine(SPEECH_ENGINES, settings.tts.engine, settings))
