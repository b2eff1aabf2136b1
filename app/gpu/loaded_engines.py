"""The loaded engines of a process, and what is reported of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.domain.errors import InvalidLanguageError, UnavailableOptionError
from app.domain.language import Language
from app.gpu.protocols import Aligner, AudioPrice, Diarizer, Vad
from app.gpu.scheduler import Scheduler

EngineState = Literal["loading", "ready", "failed", "disabled"]
EngineRole = Literal["decoder", "vad", "transcriber", "aligner", "diarizer", "translator"]


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """State of one engine, as `/health` shows it."""

    role: EngineRole
    name: str
    state: EngineState = "loading"
    device: str = ""
    detail: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Engines:
    """The loaded engines.

    Attributes:
        transcriber_cache_key: see `app.gpu.protocols.Engine`.
        aligner: None where words are not aligned.
        diarizer: None where recordings are not diarized.
        languages: base tags that the transcriber knows; None where it has no list.
        transcriber_name: of the transcriber with its model, for people.
        translates: whether the transcriber can write other languages in English.
        price: of the audio, where a server is paid for it.
    """

    vad: Vad
    scheduler: Scheduler
    transcriber_cache_key: str
    languages: tuple[str, ...] | None = None
    transcriber_name: str = ""
    translates: bool = False
    aligner: Aligner | None = None
    diarizer: Diarizer | None = None
    price: AudioPrice | None = None

    def require_language(self, spoken: Language | None) -> None:
        """Check that the transcriber hears a language.

        Args:
            spoken: None where it is to be detected.

        Raises:
            InvalidLanguageError: it does not; names those that it hears.
        """
        if spoken and self.languages and spoken.code_among(self.languages) is None:
            raise InvalidLanguageError(
                f"The transcriber hears {', '.join(self.languages)} alone, not {spoken.tag}"
            )

    def require_speech_translation(self) -> None:
        """Check that the transcriber can write other languages in English.

        Raises:
            UnavailableOptionError: it cannot.
        """
        if not self.translates:
            raise UnavailableOptionError(
                f"The transcriber of this server, {self.transcriber_name}, was not trained to "
                "translate speech; target_lang translates what it writes"
            )


@dataclass(frozen=True, slots=True)
class SpeakerEngines:
    """The diarizer and its scheduler, with or without a transcriber beside it."""

    scheduler: Scheduler
    diarizer: Diarizer
