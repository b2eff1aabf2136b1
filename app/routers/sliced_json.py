"""JSON of any size, encoded in slices between which the event loop serves others."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice

from app.system.loop_turns import LoopSlice

_SLICE_ITEMS = 100
"""Items of a list that are encoded at once: some hundreds of microseconds for cues."""

_STRING_CHARS = 2**16


async def sliced_json(value: object) -> bytes:
    """Return a value as compact JSON in UTF-8, as Starlette's responses have it.

    Args:
        value: of dictionaries, lists and plain values. An iterator stands for a list, so that its
            items, too, are made in slices.
    """
    pieces: list[bytes] = []
    turn = LoopSlice()
    for piece in _pieces(value):
        pieces.append(piece.encode("utf-8"))
        await turn.pause()
    return b"".join(pieces)


def _pieces(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield "{"
        for number, (key, item) in enumerate(value.items()):
            yield f"{',' if number else ''}{_json(str(key))}:"
            yield from _pieces(item)
        yield "}"
    elif isinstance(value, list | tuple | Iterator):
        yield from _list_pieces(value)
    elif isinstance(value, str) and len(value) > _STRING_CHARS:
        yield '"'
        for place in range(0, len(value), _STRING_CHARS):
            yield _json(value[place : place + _STRING_CHARS])[1:-1]
        yield '"'
    else:
        yield _json(value)


def _list_pieces(items: Iterable[object]) -> Iterator[str]:
    left = iter(items)
    separator = "["
    while slice_ := list(islice(left, _SLICE_ITEMS)):
        yield separator + _json(slice_)[1:-1]
        separator = ","
    yield "[]" if separator == "[" else "]"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
