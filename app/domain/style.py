"""Style of captions: where a cue stands on the picture, and how parts of its text look.

Runs of style count a text's *ink*: its characters without white space. Layout joins lines, breaks
them elsewhere and divides texts among cues, yet keeps every other character in its order, so an
ink offset stays true through all of it, and those of texts that are joined add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

Side = Literal["left", "center", "right"]
Writing = Literal["horizontal", "vertical-rl", "vertical-lr"]


@dataclass(frozen=True, slots=True)
class InlineStyle:
    """Look of a part of a text.

    Attributes:
        colour: of the letters, as ``#rrggbb`` in small letters; None where nothing is said.
    """

    italic: bool = False
    bold: bool = False
    underline: bool = False
    strikeout: bool = False
    colour: str | None = None

    def over(self, outer: InlineStyle) -> InlineStyle:
        """Return this style within an outer one: marks add up, and the inner colour wins."""
        return InlineStyle(
            self.italic or outer.italic,
            self.bold or outer.bold,
            self.underline or outer.underline,
            self.strikeout or outer.strikeout,
            self.colour or outer.colour,
        )

    def common(self, other: InlineStyle) -> InlineStyle:
        """Return what two styles share."""
        return InlineStyle(
            self.italic and other.italic,
            self.bold and other.bold,
            self.underline and other.underline,
            self.strikeout and other.strikeout,
            self.colour if self.colour == other.colour else None,
        )

    def without(self, outer: InlineStyle) -> InlineStyle:
        """Return what this style adds to an outer one."""
        return InlineStyle(
            self.italic and not outer.italic,
            self.bold and not outer.bold,
            self.underline and not outer.underline,
            self.strikeout and not outer.strikeout,
            None if self.colour == outer.colour else self.colour,
        )


PLAIN = InlineStyle()


@dataclass(frozen=True, slots=True)
class StyleRun:
    """A styled part of a text.

    Attributes:
        start: ink offset of its first character.
        end: ink offset one past its last; greater than ``start``.
        style: not plain.
    """

    start: int
    end: int
    style: InlineStyle


Runs = tuple[StyleRun, ...]
"""Styled parts of one text: sorted, never overlapping; what is between them is plain."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a cue stands on the picture.

    Attributes:
        anchor: part of the text's box that is held in place, as the keys of a number pad lie: 2 is
            the middle of its lower edge, 8 that of its upper one. Without ``x`` and ``y`` it is
            also the part of the picture that it is held at.
        x: of the anchor, as a share of the picture's width from the left; None for the margin.
        y: of the anchor, as a share of the picture's height from the top; None for the margin.
        width: of the box, as a share of the picture's width; None for the usual one.
        row: line of text from the top, counted from 0, or from the bottom, counted from -1, where
            the file counts lines rather than shares of the height; None elsewhere.
        align: of lines within the box; None where they are aligned like the anchor.
        writing: direction of lines, for scripts that are written in columns.
    """

    anchor: int = 2
    x: float | None = None
    y: float | None = None
    width: float | None = None
    row: int | None = None
    align: Side | None = None
    writing: Writing = "horizontal"

    @property
    def horizontal(self) -> Side:
        """The side of the box that is held in place."""
        return _SIDES[(self.anchor - 1) % 3]

    @property
    def vertical(self) -> int:
        """The edge of the box that is held in place: 0 the lower one, 1 the middle, 2 the upper."""
        return (self.anchor - 1) // 3


_SIDES: tuple[Side, Side, Side] = ("left", "center", "right")


_TOP_UNTIL, _BOTTOM_FROM = 1 / 3, 2 / 3
_LEFT_UNTIL, _RIGHT_FROM = 0.25, 0.75
"""Borders between the nine parts of the picture that a format without exact places can name. The
outer ones are at the edges of what broadcasters call the title-safe area's thirds."""


def zone(placement: Placement) -> int:
    """Return the part of the picture that a cue stands in, as the keys of a number pad lie."""
    column = (placement.anchor - 1) % 3
    row = placement.vertical
    if placement.x is not None:
        column = 0 if placement.x < _LEFT_UNTIL else 2 if placement.x > _RIGHT_FROM else 1
    if placement.y is not None:
        row = 2 if placement.y < _TOP_UNTIL else 0 if placement.y > _BOTTOM_FROM else 1
    elif placement.row is not None:
        row = 2 if placement.row >= 0 else 0
    return 1 + column + 3 * row


def placed(placement: Placement | None) -> Placement | None:
    """Return a placement, None for the one that every player chooses by itself."""
    return None if placement == Placement() else placement


def ink_length(text: str) -> int:
    """Return how many of a text's characters are no white space."""
    return len("".join(text.split()))


def ink_runs(pieces: Iterable[tuple[str, InlineStyle]]) -> Runs:
    """Return the runs of a text that comes in pieces of one style each."""
    runs: list[StyleRun] = []
    end = 0
    for text, style in pieces:
        start, end = end, end + ink_length(text)
        _extend(runs, StyleRun(start, end, style))
    return tuple(runs)


def shifted(runs: Runs, by: int) -> Runs:
    """Return the runs of a text that follows one with so much ink."""
    return (
        tuple(replace(run, start=run.start + by, end=run.end + by) for run in runs) if by else runs
    )


def without_italics(runs: Runs) -> Runs:
    """Return the runs of a text in a script that has no italics; all other style stays."""
    upright = ((run, replace(run.style, italic=False)) for run in runs)
    return tuple(replace(run, style=style) for run, style in upright if style != PLAIN)


def joined(parts: Iterable[tuple[str, Runs]]) -> Runs:
    """Return the runs of several texts, with their runs, that become one in their order."""
    runs: list[StyleRun] = []
    at = 0
    for text, own in parts:
        for run in shifted(own, at):
            _extend(runs, run)
        at += ink_length(text)
    return tuple(runs)


def part(runs: Runs, start: int, end: int) -> Runs:
    """Return the runs of the part of a text between two ink offsets."""
    inside = (
        StyleRun(max(run.start, start) - start, min(run.end, end) - start, run.style)
        for run in runs
    )
    return tuple(run for run in inside if run.start < run.end)


def divided(runs: Runs, texts: Sequence[str]) -> list[Runs]:
    """Return the runs of each of the texts that a text was divided into, in order."""
    result: list[Runs] = []
    start, first = 0, 0
    for text in texts:
        end = start + ink_length(text)
        while first < len(runs) and runs[first].end <= start:
            first += 1
        last = first
        while last < len(runs) and runs[last].start < end:
            last += 1
        result.append(part(runs[first:last], start, end))
        start = end
    return result


def layered(runs: Runs, outer: InlineStyle, length: int) -> Runs:
    """Return runs within an outer style that a whole text of so much ink has."""
    if outer == PLAIN:
        return runs
    result: list[StyleRun] = []
    for start, end, style in _gapless(runs, length):
        _extend(result, StyleRun(start, end, style.over(outer)))
    return tuple(result)


def common_style(runs: Runs, length: int) -> InlineStyle:
    """Return what a whole text of so much ink has in common."""
    styles = [style for _, _, style in _gapless(runs, length)]
    if not styles:
        return PLAIN
    shared = styles[0]
    for style in styles[1:]:
        shared = shared.common(style)
    return shared


def remainder(runs: Runs, outer: InlineStyle) -> Runs:
    """Return what runs add to an outer style."""
    if outer == PLAIN:
        return runs
    result: list[StyleRun] = []
    for run in runs:
        _extend(result, replace(run, style=run.style.without(outer)))
    return tuple(result)


def pieces_of(text: str, runs: Runs) -> list[tuple[str, InlineStyle]]:
    """Cut a text where its style changes; white space has what the text around it shares."""
    length = ink_length(text)
    pieces: list[tuple[str, InlineStyle]] = []
    place, before = 0, PLAIN
    for start, end, style in _gapless(part(runs, 0, length), length):
        begin = _index_past_spaces(text, place)
        stop = _index_past_ink(text, begin, end - start)
        pieces += [(text[place:begin], style.common(before)), (text[begin:stop], style)]
        place, before = stop, style
    pieces.append((text[place:], PLAIN))
    return _merged(piece for piece in pieces if piece[0])


def _index_past_spaces(text: str, place: int) -> int:
    """Return the index of the next ink character."""
    while text[place].isspace():
        place += 1
    return place


def _index_past_ink(text: str, place: int, count: int) -> int:
    """Return the index past so many ink characters."""
    while count:
        count -= not text[place].isspace()
        place += 1
    return place


def _merged(pieces: Iterable[tuple[str, InlineStyle]]) -> list[tuple[str, InlineStyle]]:
    """Join neighbours of one style."""
    groups = groupby(pieces, key=lambda piece: piece[1])
    return [("".join(text for text, _ in group), style) for style, group in groups]


def _gapless(runs: Runs, length: int) -> Iterator[tuple[int, int, InlineStyle]]:
    """Yield start, end and style of every part of a text, the plain ones between runs included."""
    reached = 0
    for run in runs:
        if run.start > reached:
            yield reached, run.start, PLAIN
        yield run.start, run.end, run.style
        reached = run.end
    if reached < length:
        yield reached, length, PLAIN


def _extend(runs: list[StyleRun], run: StyleRun) -> None:
    """Add a run to those before it, as one with the last where that goes on in the same style."""
    if run.start >= run.end or run.style == PLAIN:
        return
    last = runs[-1] if runs else None
    if last is not None and last.end == run.start and last.style == run.style:
        runs[-1] = replace(last, end=run.end)
    else:
        runs.append(run)
