"""What one recogniser made of a recording, in one form for all sides of a comparison."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from app.domain.time import Span


@dataclass(frozen=True, slots=True)
class TimedText:
    """A text with its time in the recording."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Recognition:
    """The text of a recording.

    Attributes:
        language: base tag, as given or detected; empty where nothing was said.
        lines: cues of ours, segments of the peers, in order of start.
        words: in order of start; empty where no word times were asked for, or there are none.
    """

    language: str
    lines: tuple[TimedText, ...] = ()
    words: tuple[TimedText, ...] = ()

    @property
    def text(self) -> str:
        """All that is said."""
        return " ".join(line.text.strip() for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """Return it as `from_json` reads it."""
        return {
            "language": self.language,
            "lines": _as_rows(self.lines),
            "words": _as_rows(self.words),
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Recognition:
        """Read what `as_json` returned."""
        return cls(document["language"], _of(document["lines"]), _of(document["words"]))


def timed(text: str, start_s: float, end_s: float) -> TimedText:
    """Return a text with times in seconds, which a peer may give a rounding error apart."""
    start_ms = max(0, round(start_s * 1000))
    return TimedText(text, Span(start_ms, max(start_ms, round(end_s * 1000))))


def _as_rows(texts: Iterable[TimedText]) -> list[list[Any]]:
    return [[each.text, each.span.start_ms, each.span.end_ms] for each in texts]


def _of(rows: Iterable[list[Any]]) -> tuple[TimedText, ...]:
    return tuple(TimedText(text, Span(start_ms, end_ms)) for text, start_ms, end_ms in rows)
