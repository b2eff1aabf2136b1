"""A caption as its file has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

CAPTIONS_AT_MOST = 50_000
"""More than any video has: at some ten words in a caption, two days of speech."""


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A stretch of a caption's text that its file times on its own.

    Attributes:
        text: with markup, entities and line breaks as in the file.
        start_ms: when it is said; None where the file does not tell.
    """

    text: str
    start_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RawCaption:
    """A caption, not yet cleaned.

    Attributes:
        start_ms: may be negative or beyond the video, as files are.
        end_ms: None where the file does not tell; may lie before the start.
        pieces: the text.
        continues: the text goes on where that of the caption before it in the window ended, so
            that it may begin inside a word.
        window: place on screen that the text belongs to, where the file has several.
        speaker: as the file names them.
    """

    start_ms: int
    end_ms: int | None
    pieces: tuple[TextPiece, ...]
    continues: bool = False
    window: str = ""
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class RawTrack:
    """What a file holds.

    Attributes:
        captions: in the file's order.
        language: as the file names it; empty where it does not.
    """

    captions: tuple[RawCaption, ...]
    language: str = ""


Reader = Callable[[str], RawTrack]
"""Reads a file's text.

Raises:
    InvalidCaptionsError: it is not what it seemed.
"""
