"""What a request to whisper-asr-webservice's routes wants, as a request of a job."""

from __future__ import annotations

from dataclasses import dataclass

from app.container import Services
from app.domain.language import ENGLISH
from app.domain.profile import profile_named
from app.domain.request import JobRequest, Source, SpeakerCount, Task
from app.gpu.calls.spoken_languages import language_named
from app.submission.request_fields import spoken_language

_PROMPT_CHARS = 1000
_NO_LANGUAGE = frozenset({"", "auto", "und", "none"})


@dataclass(frozen=True, slots=True)
class AsrWish:
    """What a request wants of a film."""

    task: Task
    language: str
    prompt: str
    diarize: bool
    speakers: SpeakerCount
    caller: str
    holder: str

    def request(self, services: Services, source: Source) -> JobRequest:
        """Return the job request.

        Raises:
            InvalidFieldError: not a language.
            UnavailableOptionError: this server has no diarizer.
        """
        spoken = None
        if self.language.lower() not in _NO_LANGUAGE:
            spoken = spoken_language(language_named(self.language) or self.language)
        translates = self.task == "translate" and (spoken is None or spoken.base != ENGLISH.base)
        # A transcriber that was not trained to translate leaves it to the translator.
        by_speech = translates and _translates_speech(services)
        return JobRequest(
            source,
            spoken=spoken,
            task="translate" if by_speech else "transcribe",
            target=ENGLISH if translates and not by_speech else None,
            profile=profile_named(services.settings.jobs.default_profile),
            diarize=self.diarize,
            speakers=self.speakers,
            force_whisper=True,
            reuse_transcript=True,
            prompt=self.prompt[:_PROMPT_CHARS],
            caller=self.caller,
            holder=self.holder,
            audience="batch",
        )


def _translates_speech(services: Services) -> bool:
    readiness = services.readiness
    if not (readiness.loaded and services.settings.asr.enabled):
        return True
    return readiness.engine_manager.engines.translates
