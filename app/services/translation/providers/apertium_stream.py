"""Framing of lines as records of Apertium's stream format."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_RESERVED = re.compile(r"([\[\]{}^$/\\@<>])")
"""Characters with a meaning in the stream format; a backslash escapes them.

Source: https://wiki.apertium.org/wiki/Apertium_stream_format
"""

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def frame(lines: Sequence[str]) -> bytes:
    r"""Frame each line as one record.

    A record ends in a full stop, which closes the sentence so that no word is carried over
    into the next line; in a superblank with the line's number, which Apertium hands through
    untouched; and in NUL, at which every program of its pipeline flushes its output.
    Without the full stop, ``I like ice`` and ``cream and dogs`` exchange words.
    """
    records = (f"{_escape(line)}.{_mark(number)}\0" for number, line in enumerate(lines))
    return "".join(records).encode()


def unframe(output: bytes, count: int) -> list[str | None]:
    """Read translated records.

    Args:
        output: of Apertium.
        count: lines that were framed.

    Returns:
        One text for each line, in order; None for a line whose record is not in its place.
    """
    records = output.decode(errors="replace").split("\0")
    records += [""] * (count - len(records))
    return [_text(record, _mark(number)) for number, record in enumerate(records[:count])]


def _mark(number: int) -> str:
    return f"[{number}]"


def _escape(line: str) -> str:
    """Return a line of plain characters: no controls, no lone surrogates, single spaces."""
    plain = "".join(
        " " if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} else character
        for character in line
    )
    return _RESERVED.sub(r"\\\1", " ".join(plain.split()))


def _text(record: str, mark: str) -> str | None:
    """Return the record's text without our full stop, which an abbreviation may have absorbed."""
    if not record.endswith(mark):
        return None
    text = record.removesuffix(mark).removesuffix(".")
    return " ".join(_ESCAPED.sub(r"\1", text).split())
