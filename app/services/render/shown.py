"""A cue as a viewer sees it: clean lines, a time, a speaker."""

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
"""Control characters, halves of surrogate pairs, byte order marks and code points that are no
characters: none is text, and some end a file for its reader.

Source: XML 1.0 section 2.2 (Char); Unicode 15, section 23.7 (Noncharacters).
"""


@dataclass(frozen=True, slots=True)
class ShownCue:
    """What a subtitle file says of one cue.

    Attributes:
        id: the cue's.
        start_ms: when it shows.
        end_ms: later than ``start_ms``.
        text: on one line, not blank.
        lines: the same as it is broken for the screen; at least one, none blank.
        speaker: label, never blank; None when unknown.
    """

    id: int
    start_ms: int
    end_ms: int
    text: str
    lines: tuple[str, ...]
    speaker: str | None


def shown_cues(cues: Sequence[Cue], profile: ReadingProfile) -> Iterator[ShownCue]:
    """Yield cues in order of start, broken into lines; those without text are left out."""
    for cue in sorted(cues, key=lambda cue: cue.span):
        text = clean_text(cue.shown)
        if not text:
            continue
        yield ShownCue(
            id=cue.id,
            start_ms=cue.span.start_ms,
            end_ms=max(cue.span.end_ms, cue.span.start_ms + 1),
            text=text,
            lines=tuple(line for line in break_lines(text, profile) if line.strip()),
            speaker=clean_label(cue.speaker),
        )


def clean_text(text: str) -> str:
    """Return a text on one line, without characters that no subtitle file may hold."""
    return _SPACES.sub(" ", _UNWRITABLE.sub("", text)).strip()


def clean_label(label: str | None) -> str | None:
    """Return a speaker's label in the same way, or None where nothing of it is left."""
    return clean_text(label or "") or None
