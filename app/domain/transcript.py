"""Transcript of a recording: words, segments, speaker turns."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.time import Span

SURE_LANGUAGE = 0.9
"""Probability of a detected language from which it is in no doubt: no other one is tried, whatever
else is spoken in the recording."""


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word.

    Attributes:
        text: the word with its punctuation, without surrounding spaces.
        span: time of the word.
        confidence: 0..1, as far as the engine knows.
        speaker: label such as ``SPEAKER_01``, once diarization has run.
        glued: true where the script writes no space before it (Chinese, Japanese, Thai).
    """

    text: str
    span: Span
    confidence: float = 1.0
    speaker: str | None = None
    glued: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of speech as the transcriber gave it.

    Attributes:
        text: the transcribed text, or its English translation where ``spoken`` is set.
        span: time of the segment; covers every word.
        words: in order of start; empty only where the engine knows no word times.
        language: BCP 47 tag of ``text``.
        confidence: 0..1.
        clear_until_ms: no further speech was detected before this time, so a cue may stay up
            until then; never before ``span.end_ms``.
        spoken: BCP 47 tag of what was spoken, where the transcriber wrote its translation; None
            where ``text`` is what was said.
        translation: English translation of ``text`` by the transcriber, blank where it gave none;
            None where none was asked for.
        language_probability: 0..1, of the spoken language where it was detected.
        second_language: BCP 47 tag of the language that may be spoken too, where the detector was
            in doubt.
    """

    text: str
    span: Span
    words: tuple[Word, ...]
    language: str
    confidence: float = 1.0
    clear_until_ms: int = 0
    spoken: str | None = None
    translation: str | None = None
    language_probability: float = 1.0
    second_language: str | None = None

    @property
    def spoken_language(self) -> str:
        """BCP 47 tag of what was spoken, whatever ``text`` is written in."""
        return self.spoken or self.language

    @property
    def is_language_sure(self) -> bool:
        """Whether the spoken language is in no doubt."""
        return self.language_probability >= SURE_LANGUAGE


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    """One speaker's uninterrupted stretch of speech."""

    span: Span
    speaker: str
