"""Captions whose text goes on in the next event, made whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.services.captions.raw_captions import RawCaption, TextPiece


@dataclass(slots=True)
class _Growing:
    """A caption while text is still added to it."""

    caption: RawCaption
    pieces: list[TextPiece]
    end_ms: int | None

    def add(self, pieces: Iterable[TextPiece], end_ms: int | None) -> None:
        self.pieces.extend(pieces)
        if end_ms is not None:
            self.end_ms = max(end_ms, self.end_ms or end_ms)

    def whole(self) -> RawCaption:
        caption = self.caption
        return RawCaption(
            caption.start_ms, self.end_ms, tuple(self.pieces), speaker=caption.speaker
        )


def joined(captions: Iterable[RawCaption]) -> list[RawCaption]:
    """Add text that continues a caption to it, up to the line break that ends the line there.

    A word whose parts came in two events is one again; the part that came later keeps its time.
    """
    grown: list[_Growing] = []
    open_lines: dict[str, _Growing] = {}
    for caption in captions:
        pieces = list(caption.pieces)
        line = open_lines.get(caption.window)
        if caption.continues:
            head, pieces, ended = _at_break(list(_timed(caption)))
            if line is not None:
                line.add(head, caption.end_ms)
            else:
                pieces = head + pieces
            if ended:
                open_lines.pop(caption.window, None)
        if pieces:
            growing = _Growing(caption, pieces, caption.end_ms)
            grown.append(growing)
            open_lines[caption.window] = growing
    return [growing.whole() for growing in grown]


def _timed(caption: RawCaption) -> Iterator[TextPiece]:
    """Yield a continuing caption's pieces; the first was said when the caption appeared."""
    for index, piece in enumerate(caption.pieces):
        is_first = index == 0 and piece.start_ms is None and piece.text.strip()
        yield TextPiece(piece.text, caption.start_ms) if is_first else piece


def _at_break(pieces: list[TextPiece]) -> tuple[list[TextPiece], list[TextPiece], bool]:
    """Return the pieces up to the first line break, those behind it, and whether there is one."""
    for index, piece in enumerate(pieces):
        before, newline, after = piece.text.partition("\n")
        if not newline:
            continue
        head = [*pieces[:index], TextPiece(before, piece.start_ms)]
        tail = [TextPiece(after, piece.start_ms), *pieces[index + 1 :]]
        return head, tail if any(p.text.strip() for p in tail) else [], True
    return pieces, [], False
