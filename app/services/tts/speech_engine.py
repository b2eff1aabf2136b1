"""What an engine that speaks is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from app.domain.language import Language

Gender = Literal["female", "male", "neutral"]

ANY_LANGUAGE = "mul"
"""Language of a voice that speaks them all. Source: ISO 639-2, "multiple languages"."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice.

    Attributes:
        id: the engine's name for it.
        name: for people.
        lang: BCP 47 tag of what it speaks, or ``mul``.
        gender: as the engine describes it.
    """

    id: str
    name: str
    lang: str
    gender: Gender


class SpeechEngine(Protocol):
    """Speaks short texts.

    Attributes:
        name: as in ``TTS_ENGINE``.
        revision: changes whenever the same voice may sound different.
    """

    name: str
    revision: str

    async def open(self) -> None:
        """Get ready; called once, before everything else.

        Raises:
            EngineLoadError: it cannot speak here.
        """

    async def close(self) -> None:
        """Let go of connections."""

    def voices(self, language: Language | None) -> Sequence[Voice]:
        """Return the voices for a language, the default one first; all of them for None."""

    def defaults(self) -> Mapping[str, str]:
        """Return the default voice's id by language tag."""

    async def speak(self, text: str, voice: Voice) -> bytes:
        """Return the text as MP3.

        Raises:
            SpeechError: it failed.
        """
