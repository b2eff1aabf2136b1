"""Lines that SubStation scripts hold in syllables alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from app.services.captions.readers.substation_event import Event
from app.services.captions.reading_notices import ReadingNotices

_PAUSE_MS = 700
"""Silence between two sung lines; syllables of one follow each other at once."""

_SYLLABLE_LETTERS = 3.5
"""Letters by the mean from which pieces are words rather than syllables. Source: syllables of
European languages have two to three letters, words of running text four to six."""

_FIRST_WIDE = "\u2e80"


def join_pieces(pieces: Iterable[Event], notices: ReadingNotices) -> Iterator[Event]:
    """Yield the lines that syllables or words make.

    Args:
        pieces: events that a template has made, of lines which the script does not hold.
        notices: take the lines, since their spaces may be wrong.
    """
    by_style: dict[str, list[Event]] = defaultdict(list)
    for piece in sorted(pieces, key=lambda event: (event.start_ms, _x(event))):
        by_style[piece.style].append(piece)
    for style_pieces in by_style.values():
        for line in _lines(style_pieces):
            yield _joined(line)
            if len(line) > 1:
                notices.repaired("Lines put together of their syllables", f"line {line[0].line}")


def _lines(pieces: Sequence[Event]) -> Iterator[list[Event]]:
    """Yield the pieces of each line; a piece that several effects show is there once."""
    line: list[Event] = []
    seen: set[tuple[str, float]] = set()
    for piece in pieces:
        key = (piece.plain, round(_x(piece)))
        if line and (
            piece.start_ms - max(each.end_ms for each in line[-8:]) > _PAUSE_MS
            or (_x(piece) < _x(line[-1]) and key not in seen)
        ):
            yield line
            line, seen = [], set()
        if key not in seen or piece.text.place is None:
            line.append(piece)
            seen.add(key)
    if line:
        yield line


def _joined(line: Sequence[Event]) -> Event:
    texts = [piece.text.plain for piece in line]
    bare = [text.strip() for text in texts]
    spaced = any(text != text.strip() for text in texts)
    letters = sum(map(len, bare)) / len(bare)
    is_wide = any(char >= _FIRST_WIDE for text in bare for char in text)
    between = " " if not spaced and not is_wide and letters >= _SYLLABLE_LETTERS else ""
    whole = between.join(texts if spaced else bare)
    return replace(
        line[0],
        end_ms=max(piece.end_ms for piece in line),
        text=replace(line[0].text, plain=whole, marked=_shared_overrides(line) + whole),
    )


def _shared_overrides(line: Sequence[Event]) -> str:
    """Return the overrides that all pieces begin with as markup; empty where there are none.

    What differs, such as their places and times, belongs to the effect and not to the line.
    """
    first, *others = [_leading_tags(piece.text.marked) for piece in line]
    shared = [tag for tag in first if all(tag in tags for tags in others)]
    return f"{{{''.join(shared)}}}" if shared else ""


def _leading_tags(marked: str) -> list[str]:
    if not marked.startswith("{"):
        return []
    return [f"\\{tag}" for tag in marked[1 : marked.find("}")].split("\\") if tag]


def _x(event: Event) -> float:
    return event.text.place[0] if event.text.place is not None else 0.0
