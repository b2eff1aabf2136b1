"""Phrase: the words of one cue."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

from app.domain.text import join_words
from app.domain.transcript import Word


@dataclass(frozen=True, slots=True)
class Phrase:
    """Consecutive words, at least one."""

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """The words joined into text."""
        return join_words(self.words)

    @property
    def start_ms(self) -> int:
        """Start of the first word."""
        return self.words[0].span.start_ms

    @property
    def end_ms(self) -> int:
        """Latest end of a word."""
        return max(word.span.end_ms for word in self.words)

    @property
    def speaker(self) -> str | None:
        """Speaker of the first word that has one; None where no word has."""
        return next((word.speaker for word in self.words if word.speaker is not None), None)

    @property
    def confidence(self) -> float:
        """Mean of the words' confidence, 0..1."""
        return min(1.0, max(0.0, fmean(word.confidence for word in self.words)))

    def __add__(self, other: Phrase) -> Phrase:
        return Phrase(self.words + other.words)

    def pause_before_ms(self, other: Phrase) -> int:
        """Silence between this phrase and a later one; negative where they overlap."""
        return other.start_ms - self.end_ms
