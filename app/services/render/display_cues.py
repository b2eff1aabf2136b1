"""Cues as displayed: clean lines with times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.services.layout.line_breaks import break_lines

_SPACES = re.compile(r"[^\S\u00a0\u2007\u202f]+")
_UNWRITABLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)
"""Control characters, lone surrogates, byte order marks and noncharacters: none is text, and some
end a file for its reader.

Source: XML 1.0 section 2.2 (Char); Unicode 15, section 23.7 (Noncharacters).
"""


@dataclass(frozen=True, slots=True)
class DisplayCue:
    """One cue of a subtitle file.

    Attributes:
        id: id of the cue.
        start_ms: start of its display.
        end_ms: later than ``start_ms``.
        text: on one line, not blank.
        lines: the text broken into screen lines; at least one, none blank.
        speaker: label, never blank; None when unknown.
    """

    id: int
    start_ms: int
    end_ms: int
    text: str
    lines: tuple[str, ...]
    speaker: str | None


def display_cues(cues: Sequence[Cue], profile: ReadingProfile) -> Iterator[DisplayCue]:
    """Yield cues in order of start, broken into lines; those without text are left out."""
    for cue in sorted(cues, key=lambda cue: cue.span):
        text = clean_text(cue.shown)
        if not text:
            continue
        yield DisplayCue(
            id=cue.id,
            start_ms=cue.span.start_ms,
            end_ms=max(cue.span.end_ms, cue.span.start_ms + 1),
            text=text,
            lines=tuple(line for line in break_lines(text, profile) if line.strip()),
            speaker=clean_label(cue.speaker),
        )


def clean_text(text: str) -> str:
    """Return a text on one line, without characters that no subtitle file may contain."""
    return _SPACES.sub(" ", _UNWRITABLE.sub("", text)).strip()


def clean_label(label: str | None) -> str | None:
    """Return a speaker's label cleaned in the same way, or None where it becomes empty."""
    return clean_text(label or "") or None
