"""Cleaned lines of a caption."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from app.domain.cue import Lane
from app.domain.dialogue_turns import ends_turn, turns, with_turns
from app.domain.style import InlineStyle, Placement, Runs, common_style, ink_length, ink_runs
from app.services.captions.markup import MarkupReader, StyledPiece
from app.services.captions.raw_captions import RawCaption, RawTrack, TextRun

_SPACES = re.compile(r"[^\S\u00a0\u2007\u202f]+")


@dataclass(frozen=True, slots=True)
class CaptionLine:
    """One line as displayed.

    Attributes:
        runs: plain text with its whole style; joined they equal ``text``, except for spaces at
            its edges.
        text: without markup, never blank.
        voice: speaker by the voice tag that it begins in; empty outside of one.
    """

    runs: tuple[TextRun, ...]
    text: str
    voice: str = ""

    @property
    def timed(self) -> bool:
        """Whether a part of it has a start time of its own."""
        return any(run.start_ms is not None for run in self.runs)

    @property
    def style(self) -> InlineStyle:
        """What the whole line has in common."""
        return common_style(styles_of([self]), ink_length(self.text))


@dataclass(frozen=True, slots=True)
class TimedLines:
    """Lines with their display time; ``end_ms`` is later than ``start_ms``."""

    start_ms: int
    end_ms: int
    lines: tuple[CaptionLine, ...]
    speaker: str | None = None
    lane: Lane = "dialogue"
    placement: Placement | None = None


def read_lines(caption: RawCaption, track: RawTrack) -> tuple[list[CaptionLine], Placement | None]:
    """Return the lines of a caption without markup, blank ones left out, and where they stand.

    A voice that begins within a line of another one begins a line.

    Args:
        caption: of the track.
        track: its styles and the size of its picture are looked at.
    """
    markup = MarkupReader(track.styles, track.frame_px)
    rows: list[list[StyledPiece]] = [[]]
    voice = ""
    for run in caption.runs:
        for piece in markup.read(run):
            if piece.voice and piece.text.strip():
                if voice not in ("", piece.voice) and any(each.text.strip() for each in rows[-1]):
                    rows.append([])
                voice = piece.voice
            first, *others = piece.text.split("\n")
            rows[-1].append(replace(piece, text=_collapse_spaces(first)))
            rows.extend([replace(piece, text=_collapse_spaces(part))] for part in others)
    lines = [line for row in rows if (line := _line(row)) is not None]
    return lines, markup.placement(caption.placement)


def by_voice(lines: Sequence[CaptionLine]) -> list[tuple[str, list[CaptionLine]]]:
    """Return runs of lines with the voice that each stands in; empty for lines outside of one."""
    return [(voice, list(group)) for voice, group in groupby(lines, key=lambda line: line.voice)]


def has_voices(lines: Sequence[CaptionLine]) -> bool:
    """Whether lines of one caption are said by several named speakers."""
    return len({line.voice for line in lines} - {""}) > 1


def styles_of(lines: Sequence[CaptionLine]) -> Runs:
    """Return the runs of style of lines that become one text."""
    return ink_runs((run.text, run.style) for line in lines for run in line.runs)


def dialogue(lines: Sequence[CaptionLine]) -> str:
    """Return lines as one paragraph for each speaker's turn, with line breaks between those.

    A turn begins with a dash, also where the file has several on one line, with a name or a music
    sign, as `app.domain.dialogue_turns` says, in another voice or in another colour, and with a
    line that is in italics as a whole where the one above it has ended and is not.
    """
    breaks = {
        index
        for index, (before, line) in enumerate(pairwise(lines), start=1)
        if _is_another(before, line)
    }
    groups = with_turns([line.text for line in lines], breaks)
    paragraphs = ("".join(_with_spaces(group)) for group in groups)
    return "\n".join(turn for text in paragraphs for turn in turns(text))


def _is_another(before: CaptionLine, line: CaptionLine) -> bool:
    old, new = before.style, line.style
    if line.voice != before.voice or old.colour != new.colour:
        return line.voice != before.voice or (_is_one_colour(before) and _is_one_colour(line))
    return old.italic != new.italic and ends_turn(before.text)


def _is_one_colour(line: CaptionLine) -> bool:
    return len({run.style.colour for run in line.runs if run.text.strip()}) == 1


def paragraph(lines: Sequence[CaptionLine]) -> str:
    """Return lines as one paragraph; a compound broken at its hyphen is rejoined."""
    return "".join(_with_spaces([line.text for line in lines]))


def _collapse_spaces(text: str) -> str:
    """Return a text with single spaces; one at its edge stays, since it separates words."""
    return _SPACES.sub(" ", text)


def _line(row: Sequence[StyledPiece]) -> CaptionLine | None:
    text = _collapse_spaces("".join(piece.text for piece in row)).strip()
    runs = tuple(TextRun(piece.text, piece.start_ms, piece.style) for piece in row if piece.text)
    voice = next((piece.voice for piece in row if piece.text.strip()), "")
    return CaptionLine(_joined(runs), text, voice) if text else None


def _joined(runs: Iterable[TextRun]) -> tuple[TextRun, ...]:
    """Join runs that nothing but markup parted."""
    return tuple(
        TextRun(_collapse_spaces("".join(run.text for run in group)), start_ms, style)
        for (start_ms, style), group in groupby(runs, key=lambda run: (run.start_ms, run.style))
    )


def _with_spaces(texts: Sequence[str]) -> Iterator[str]:
    before = ""
    for text in texts:
        hyphenated = before[-1:] == "-" and before[-2:-1].isalpha() and text[:1].islower()
        if before and not hyphenated:
            yield " "
        yield text
        before = text
