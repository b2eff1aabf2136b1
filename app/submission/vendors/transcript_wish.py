"""What clients of other vendors' APIs want of a recording, in the pipeline's terms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.domain.request import JobRequest, Source, SpeakerCount
from app.submission.request_fields import spoken_language

PROMPT_CHARS = 500
"""Longest prompt, which the words take that are likely to occur."""

_ANY_NUMBER = SpeakerCount()


@dataclass(frozen=True, slots=True)
class TranscriptWish:
    """What is wanted of a recording.

    Attributes:
        language: code of the spoken language; empty to detect it.
        allowed_languages: base tags that detection chooses from; empty for all.
        diarize: whether speakers are wanted.
        speakers: how many there are, as far as the client knows.
        prompt: words that are likely to occur.
    """

    language: str = ""
    allowed_languages: tuple[str, ...] = ()
    diarize: bool = False
    speakers: SpeakerCount = _ANY_NUMBER
    prompt: str = ""

    def request(self, source: Source, caller: str, holder: str) -> JobRequest:
        """Return the request of a job; captions never answer, for it is the sound that was sent.

        Args:
            source: the recording.
            caller: who pays; see `JobRequest`.
            holder: who holds the job's place; see `JobRequest`.

        Raises:
            InvalidFieldError: no such language.
        """
        return JobRequest(
            source,
            spoken=spoken_language(self.language or None),
            diarize=self.diarize,
            speakers=self.speakers,
            allowed_languages=self.allowed_languages,
            force_whisper=True,
            reuse_transcript=True,
            prompt=self.prompt,
            audience="batch",
            caller=caller,
            holder=holder,
        )


def prompt_of(terms: Sequence[str]) -> tuple[str, int]:
    """Return a prompt of terms, and how many of them found no room in it."""
    fitting = list(_fitting(terms))
    return ", ".join(fitting), len(terms) - len(fitting)


def _fitting(terms: Sequence[str]) -> Iterator[str]:
    length = -2
    for term in terms:
        length += 2 + len(term)
        if length > PROMPT_CHARS:
            return
        yield term
