"""JSON that others wrote: read within bounds of size, depth and time."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress

from pydantic_core import from_json

MAX_VALUES = 400_000
"""Most commas and opening brackets of one text, thus the most values.

Fifty thousand cues of five fields have 300,000. On one core so many values take about
0.1 s, and an object of as many keys about 0.3 s, during which no other Python code runs.
"""

_MAX_REPLACED = 10_000
"""Most halves of characters in one text that are replaced; one with more is refused."""

_LONE_SURROGATE = re.compile(
    rb"((?:[^\\]++|\\[^u]|\\u(?![dD][89a-fA-F])|\\u[dD][89abAB]..\\u[dD][c-fC-F])*+)"
    rb"\\u[dD][89a-fA-F]..",
    re.DOTALL,
)
"""An escape that is half a character, after text without one. Possessive, thus linear."""


def read_json(text: bytes | bytearray | str) -> object:
    """Return the value of a JSON text; of equal keys the last one counts.

    The parser is pydantic's, which refuses more than 200 levels, and invalid UTF-8. NaN and
    infinities are numbers, as in Python's own. Half a surrogate pair, which JSON can write and
    UTF-8 cannot, becomes U+FFFD: scripts cut texts in the middle of a character.

    Raises:
        ValueError: it is no JSON, or beyond the bounds.
    """
    data = _encoded(text)
    if sum(map(data.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise ValueError("too many values")
    try:
        return from_json(data)
    except ValueError:
        whole = _without_lone_surrogates(data)
        if whole == data:
            raise
        return from_json(whole)


def field_value(text: str) -> object:
    """Return the value of a form's field: objects and lists are JSON, all else is a text."""
    if text.lstrip()[:1] in ("{", "["):
        with suppress(ValueError):
            return read_json(text)
    return text


def _without_lone_surrogates(data: bytes) -> bytes:
    """Replace escapes of half a character by that of U+FFFD, up to `_MAX_REPLACED` of them."""
    parts: list[bytes] = []
    place = 0
    # A search would begin anew at every byte where there is none.
    while len(parts) < _MAX_REPLACED and (found := _LONE_SURROGATE.match(data, place)):
        parts.append(found[1])
        place = found.end()
    return b"\\ufffd".join([*parts, data[place:]])


def _encoded(text: bytes | bytearray | str) -> bytes:
    """Return a text as UTF-8 without a byte order mark.

    Raises:
        ValueError: it holds half a surrogate pair.
    """
    data = text.encode() if isinstance(text, str) else bytes(text)
    return data.removeprefix(codecs.BOM_UTF8)
