"""A cue as a subtitle file has it: with its own lines, and with its times as they are written."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.cue import Lane
from app.domain.style import Placement, Runs


@dataclass(frozen=True, slots=True)
class WrittenCue:
    """One cue of a file.

    Attributes:
        number: its place in the file, counted from 1.
        start_ms: may lie before the start of the cue before it.
        end_ms: may lie before ``start_ms``.
        lines: on screen, without markup; none where the cue has no text.
        speaker: as the file names him; None where it does not.
        placement: None for the usual place.
        runs: styled parts of the lines together.
        lane: what the text belongs to.
        markup: the text as it is written, with its markup; empty where there is none.
    """

    number: int
    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    speaker: str | None = None
    placement: Placement | None = None
    runs: Runs = ()
    lane: Lane = "dialogue"
    markup: str = ""

    @property
    def text(self) -> str:
        """The lines with line breaks between them."""
        return "\n".join(self.lines)

    @property
    def duration_ms(self) -> int:
        """Time on screen; negative where the cue ends before it starts."""
        return self.end_ms - self.start_ms
