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
    return b"".join(_record(_mark(number), _escape(line)) for number, line in enumerate(lines))


def frame_batch(lines: Sequence[str], serial: int) -> bytes:
    """Frame lines as one of many batches that the same programs translate.

    A record before them and one behind them tell the batch's output from that of others. The
    programs hold back the last two records; those that follow push out what is wanted.

    Args:
        lines: of the batch.
        serial: number of the batch.
    """
    records = _record(_beginning(serial)), frame(lines), _record(_end(serial)), _PUSH
    return b"".join(records)


def batch_end(serial: int) -> bytes:
    """Return what is in a batch's output once all of it is there."""
    return f"{_end(serial)}\0".encode()


def has_begun(output: bytes, serial: int) -> bool:
    """Return whether the programs have written anything of a batch."""
    return f"{_beginning(serial)}\0".encode() in output


def unframe_batch(output: bytes, count: int, serial: int) -> list[str | None]:
    """Read the translated records of a batch; see `unframe`.

    Args:
        output: of the programs since the batch before, also where it ended early.
        count: lines of the batch.
        serial: number of the batch.
    """
    _, _, ours = output.partition(f"{_beginning(serial)}\0".encode())
    return unframe(ours, count)


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


def _record(mark: str, text: str = "") -> bytes:
    return f"{text}.{mark}\0".encode()


def _beginning(serial: int) -> str:
    return f"[begin {serial}]"


def _end(serial: int) -> str:
    return f"[end {serial}]"


_PUSH = _record("[push]") * 4
"""Twice what they hold back."""


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
