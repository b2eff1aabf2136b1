"""The lines of a caption, cleaned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.services.captions.markup import plain, spaced
from app.services.captions.raw_captions import TextPiece


@dataclass(frozen=True, slots=True)
class CaptionLine:
    """One line as it stands on screen.

    Attributes:
        pieces: plain text; together they are ``text``, but for spaces at its edges.
        text: without markup, never blank.
    """

    pieces: tuple[TextPiece, ...]
    text: str

    @property
    def timed(self) -> bool:
        """Whether the file says when a part of it is spoken."""
        return any(piece.start_ms is not None for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Shown:
    """Lines and when they are on screen; ``end_ms`` is later than ``start_ms``."""

    start_ms: int
    end_ms: int
    lines: tuple[CaptionLine, ...]
    speaker: str | None = None


def clean_lines(pieces: Iterable[TextPiece]) -> tuple[CaptionLine, ...]:
    """Return the lines of a caption's text, without markup; blank ones are left out."""
    rows: list[list[TextPiece]] = [[]]
    for piece in pieces:
        first, *others = plain(piece.text).split("\n")
        rows[-1].append(TextPiece(spaced(first), piece.start_ms))
        rows.extend([TextPiece(spaced(part), piece.start_ms)] for part in others)
    return tuple(line for row in rows if (line := _line(row)) is not None)


def _line(row: Sequence[TextPiece]) -> CaptionLine | None:
    text = spaced("".join(piece.text for piece in row)).strip()
    pieces = tuple(piece for piece in row if piece.text)
    return CaptionLine(pieces, text) if text else None


def paragraph(lines: Sequence[CaptionLine]) -> str:
    """Return lines as one paragraph; a compound word that was broken at its hyphen is whole."""
    return "".join(_joined([line.text for line in lines]))


def _joined(texts: Sequence[str]) -> Iterator[str]:
    before = ""
    for text in texts:
        hyphened = before[-1:] == "-" and before[-2:-1].isalpha() and text[:1].islower()
        if before and not hyphened:
            yield " "
        yield text
        before = text
