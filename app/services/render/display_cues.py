"""Cues as displayed: clean lines with times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.domain.cue import Cue
from app.domain.direction import is_right_to_left, mostly_right_to_left, runs_right_to_left
from app.domain.profile import ReadingProfile
from app.domain.style import (
    PLAIN,
    InlineStyle,
    Placement,
    Runs,
    common_style,
    divided,
    ink_length,
    ink_runs,
    part,
    pieces_of,
)
from app.services.layout.line_breaks import break_lines
from app.services.render.bidi import without_outer_marks

_SPACES = re.compile(r"[^\S\u00a0\u2007\u202f]+")
_UNWRITABLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)
"""Control characters, lone surrogates, byte order marks and noncharacters: none is text, and some
end a file for its reader.

Source: XML 1.0 section 2.2 (Char); Unicode 15, section 23.7 (Noncharacters).
"""


Pieces = tuple[tuple[str, InlineStyle], ...]
"""A line of text, cut where its style changes."""


@dataclass(frozen=True, slots=True)
class DisplayCue:
    """One cue of a subtitle file.

    Attributes:
        id: id of the cue.
        start_ms: start of its display.
        end_ms: later than ``start_ms``.
        text: not blank, a line for each speaker's turn.
        lines: the text broken into screen lines; at least one, none blank.
        speaker: label, never blank; None when unknown.
        right_to_left: direction in which its lines are set.
        placement: where it stands; None for the usual place.
        runs: styled parts of the text.
    """

    id: int
    start_ms: int
    end_ms: int
    text: str
    lines: tuple[str, ...]
    speaker: str | None
    right_to_left: bool = False
    placement: Placement | None = None
    runs: Runs = ()

    @property
    def styled_lines(self) -> tuple[Pieces, ...]:
        """The lines with their styles, without marks of direction around them."""
        bare = [without_outer_marks(line) for line in self.lines]
        if not self.runs:
            return tuple(((line, PLAIN),) for line in bare)
        cut = zip(self.lines, bare, divided(self.runs, self.lines), strict=True)
        return tuple(tuple(_bare_pieces(line, kept, runs)) for line, kept, runs in cut)

    @property
    def solid_lines(self) -> tuple[Pieces, ...]:
        """The lines for players that order the styled parts of a line from left to right.

        libass and VSFilter do, whatever the direction of the parts, so a line that is set from
        right to left has only the style that it has as a whole.
        """
        if not self.right_to_left:
            return self.styled_lines
        return tuple((_solid(line),) for line in self.styled_lines)


def _solid(pieces: Pieces) -> tuple[str, InlineStyle]:
    text = "".join(piece for piece, _ in pieces)
    return text, common_style(ink_runs(pieces), ink_length(text))


def _bare_pieces(line: str, kept: str, runs: Runs) -> Iterator[tuple[str, InlineStyle]]:
    """Yield the pieces of what is kept of a line."""
    place = line.index(kept)
    start = ink_length(line[:place])
    yield from pieces_of(kept, part(runs, start, start + ink_length(kept)))


def display_cues(
    cues: Sequence[Cue], profile: ReadingProfile, language: str = "und"
) -> Iterator[DisplayCue]:
    """Yield cues in order of start, broken into lines; those without text are left out.

    Args:
        cues: in any order.
        profile: limits the width of lines.
        language: BCP 47 tag of the text shown.
    """
    directions = _Directions(cues, language)
    for cue in sorted(cues, key=lambda cue: cue.span):
        text = clean_turns(cue.shown)
        if not text:
            continue
        yield DisplayCue(
            id=cue.id,
            start_ms=cue.span.start_ms,
            end_ms=max(cue.span.end_ms, cue.span.start_ms + 1),
            text=text,
            lines=tuple(
                line
                for line in break_lines(text, profile, _language_of(cue, language))
                if line.strip()
            ),
            speaker=clean_label(cue.speaker),
            right_to_left=directions.of(cue, text),
            placement=cue.placement,
            runs=_clean_runs(cue),
        )


def _language_of(cue: Cue, language: str) -> str:
    """Return the BCP 47 tag of a cue's text shown; empty where it is not known."""
    own = cue.language if cue.translation is None and cue.language != "und" else language
    return "" if own == "und" else own


class _Directions:
    """Directions of one file's cues.

    Args:
        cues: all of them; they decide where the language is unknown.
        language: BCP 47 tag of the text shown.
    """

    def __init__(self, cues: Sequence[Cue], language: str) -> None:
        self._language = language
        self._majority = mostly_right_to_left(cue.shown for cue in cues)
        self._known: dict[str, bool] = {}

    def of(self, cue: Cue, text: str) -> bool:
        """Whether a cue is set from right to left."""
        own = cue.language if cue.translation is None and cue.language != "und" else self._language
        if own not in self._known:
            found = is_right_to_left(own)
            self._known[own] = self._majority if found is None else found
        return runs_right_to_left(text, language=self._known[own])


def _clean_runs(cue: Cue) -> Runs:
    """Return the runs of the text shown, without the characters that no file may contain."""
    runs, text = cue.shown_runs, cue.shown
    if not runs or _UNWRITABLE.search(text) is None:
        return runs
    return ink_runs((_UNWRITABLE.sub("", piece), style) for piece, style in pieces_of(text, runs))


def clean_turns(text: str) -> str:
    """Return a text as `clean_text` does, with the line breaks between its turns."""
    return "\n".join(turn for line in text.split("\n") if (turn := clean_text(line)))


def clean_text(text: str) -> str:
    """Return a text on one line, without characters that no subtitle file may contain."""
    return _SPACES.sub(" ", _UNWRITABLE.sub("", text)).strip()


def clean_label(label: str | None) -> str | None:
    """Return a speaker's label cleaned in the same way, or None where it becomes empty."""
    return clean_text(label or "") or None
