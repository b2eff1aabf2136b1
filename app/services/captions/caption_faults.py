"""Faults of caption files: lines that were repaired, and lines that could not be used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from app.domain.errors import quoted
from app.domain.events import Notice

EXAMPLES_AT_MOST = 10
"""Places that a notice names of each kind of fault; the count is always whole."""

REPAIRED = "caption_lines_repaired"
UNUSABLE = "caption_lines_unusable"
CLOCKS = "caption_clocks"


class FaultKind(Enum):
    """What is the matter with a line: the code of its notice, and what was done."""

    SPELLING = (REPAIRED, "a time line in another spelling than the format's, read all the same")
    CHARACTERS = (REPAIRED, "a time with characters that do not belong there, read without them")
    NO_END = (REPAIRED, "no end that can be read: shown until the next caption, 3 s at most")
    NO_START = (REPAIRED, "no start that can be read: shown after the caption before, 3 s at most")
    NO_ENDS = (
        REPAIRED,
        "times without ends: shown until the next, as long as reading takes at most",
    )
    SWAPPED = (REPAIRED, "start and end were exchanged")
    END_FIRST = (REPAIRED, "ends before it begins: shown until the next caption, 3 s at most")
    NO_DURATION = (REPAIRED, "ends as it begins: shown until the next caption, 3 s at most")
    BEFORE_ZERO = (REPAIRED, "begins before the recording: shown from its beginning")
    ORDER = (REPAIRED, "stands after a later caption: sorted by its time")
    OVERLAP = (REPAIRED, "begins while the caption before is shown: that one ends early")
    ON_TIME_LINE = (REPAIRED, "text on the time line: shown as the caption's first line")
    CONTINUED = (REPAIRED, "a line without a time: shown with the caption above it")
    WRAPPED = (REPAIRED, "a time line that is divided over two lines")
    FRAMES = (REPAIRED, "times that count frames")
    NUMBER = (REPAIRED, "a number out of its place, taken for the number of a caption")
    DOUBLED = (REPAIRED, "a caption that was there twice, kept once")
    SPACED = (REPAIRED, "every other line is blank: left out")
    UNBROKEN = (REPAIRED, "line breaks are missing around time lines: put there")
    IDENTIFIER = (UNUSABLE, "taken for the identifier of a caption, which is not shown")
    TAG = (REPAIRED, "a tag that WebVTT does not have: left out, as players do")
    HEADER = (REPAIRED, "a header in another spelling than the format's")
    NO_TIME = (UNUSABLE, "no time that can be read, so its text cannot be shown")
    NO_CAPTION = (UNUSABLE, "text that belongs to no caption")
    OUT_OF_RANGE = (UNUSABLE, "a time outside any recording")
    CUT = (UNUSABLE, "the file ends at a time line, so the caption's text is missing")
    NO_FIELDS = (UNUSABLE, "a row without a time or a text")
    RESTART = (CLOCKS, "times begin anew here, and nothing says when: shown at the same time")
    BASE = (CLOCKS, "the file's clock (X-TIMESTAMP-MAP) begins here: it counts as 0")
    CLOCK = (CLOCKS, "a clock (X-TIMESTAMP-MAP) that cannot be read: the one before counts")

    @property
    def code(self) -> str:
        """Code of the notice."""
        return self.value[0]

    @property
    def meaning(self) -> str:
        """What was the matter and what was done, for people."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Faults:
    """All faults of one kind.

    Attributes:
        count: of lines.
        examples: the first places, with the line's text where that helps.
    """

    kind: FaultKind
    count: int
    examples: tuple[str, ...]


@dataclass(slots=True)
class FaultLog:
    """Faults while a file is read; of any number it keeps a count and a few examples."""

    _counts: dict[FaultKind, int] = field(default_factory=dict)
    _examples: dict[FaultKind, list[str]] = field(default_factory=dict)

    def add(self, kind: FaultKind, line: int, text: str = "", *, last: int = 0) -> None:
        """Add a fault.

        Args:
            kind: of the fault.
            line: number of the line, from 1.
            text: of the line; empty where it says nothing.
            last: number of the last line that is concerned, where there are several.
        """
        place = f"lines {line} to {last}" if last > line else f"line {line}"
        self.add_at(kind, place, text, count=max(1, last - line + 1))

    def add_at(self, kind: FaultKind, place: str, text: str = "", *, count: int = 1) -> None:
        """Add a fault in a place that is no line, such as ``caption 3``."""
        self._counts[kind] = self._counts.get(kind, 0) + count
        examples = self._examples.setdefault(kind, [])
        if len(examples) < EXAMPLES_AT_MOST:
            examples.append(f"{place} ({quoted(text)})" if text else place)

    def extend(self, faults: Iterable[Faults]) -> None:
        """Add faults that another log has summed up."""
        for each in faults:
            self._counts[each.kind] = self._counts.get(each.kind, 0) + each.count
            examples = self._examples.setdefault(each.kind, [])
            examples += each.examples[: EXAMPLES_AT_MOST - len(examples)]

    def summary(self) -> tuple[Faults, ...]:
        """Return the faults by kind."""
        return tuple(
            Faults(kind, count, tuple(self._examples[kind])) for kind, count in self._counts.items()
        )


def caption_notices(faults: Sequence[Faults]) -> tuple[Notice, ...]:
    """Return a notice for each code, with whole counts and the first places of each kind."""
    codes = dict.fromkeys(each.kind.code for each in faults)
    return tuple(_notice(code, [f for f in faults if f.kind.code == code]) for code in codes)


def first_unusable(faults: Sequence[Faults]) -> str:
    """Return where the first line is that could not be used, and why; empty where none is."""
    for kind in (FaultKind.NO_TIME, FaultKind.OUT_OF_RANGE, FaultKind.NO_CAPTION):
        for each in faults:
            if each.kind is kind and each.examples:
                return f"{each.examples[0]}: {kind.meaning}"
    return ""


_SUMMARIES = {
    REPAIRED: "of the captions repaired",
    UNUSABLE: "of the captions could not be used",
    CLOCKS: "of the captions with a clock of their own",
}


def _notice(code: str, faults: Sequence[Faults]) -> Notice:
    count = sum(each.count for each in faults)
    kinds = "; ".join(f"{each.kind.meaning}: {_places(each)}" for each in faults)
    lines = "1 line" if count == 1 else f"{count} lines"
    return Notice(code, f"{lines} {_SUMMARIES[code]}. {kinds}")


def _places(faults: Faults) -> str:
    shown = ", ".join(faults.examples)
    more = faults.count - len(faults.examples)
    hidden = len(faults.examples) == EXAMPLES_AT_MOST and more > 0
    return f"{shown} and more, {faults.count} lines in all" if hidden else shown
