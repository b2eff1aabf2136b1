"""Raw captions: a caption track as its file has it, before cleaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.cue import Lane
from app.domain.events import Notice
from app.services.captions.caption_faults import Faults

CAPTIONS_AT_MOST = 50_000
"""More than any video has: at some ten words in a caption, two days of speech."""


@dataclass(frozen=True, slots=True)
class TextRun:
    """A part of a caption's text with a start time of its own.

    Attributes:
        text: with markup, entities and line breaks as in the file.
        start_ms: when it is spoken; None where the file has no time for it.
    """

    text: str
    start_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RawCaption:
    """A caption, not yet cleaned.

    Attributes:
        start_ms: may be negative or beyond the video, as files are.
        end_ms: None where the file has none; may lie before the start.
        runs: the text.
        continues: the text continues that of the caption before it in the window, so that it may
            begin inside a word.
        window: region of the screen that the text belongs to, where the file has several.
        speaker: as the file names them.
        line: number of its line in the file, from 1; 0 where lines do not matter.
        language: as the file names it for this caption alone; empty where it does not.
        lane: what the text belongs to.
    """

    start_ms: int
    end_ms: int | None
    runs: tuple[TextRun, ...]
    continues: bool = False
    window: str = ""
    speaker: str | None = None
    line: int = 0
    language: str = ""
    lane: Lane = "dialogue"


@dataclass(frozen=True, slots=True)
class RawTrack:
    """The content of a caption file.

    Attributes:
        captions: in the file's order.
        language: as the file names it; empty where it does not.
        notices: what the reader left out, or read otherwise than it is written.
        faults: lines that were repaired or could not be used.
    """

    captions: tuple[RawCaption, ...]
    language: str = ""
    notices: tuple[Notice, ...] = ()
    faults: tuple[Faults, ...] = ()


TrackReader = Callable[[str], RawTrack]
"""Reads a file's text.

Raises:
    InvalidCaptionsError: the file is not in the reader's format.
"""
