"""Decoder for text files of unknown encoding."""

from __future__ import annotations

import codecs

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16's does, so it is tried first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_REPLACEMENT = "\ufffd".encode()
_SAMPLE_BYTES = 2**15
_WESTERN = "cp1252"
_VALID_PER_BROKEN = 20
"""A file with so many valid non-ASCII characters for each broken one is slightly damaged UTF-8;
in another encoding nearly all of them are broken."""


def decode_text(data: bytes) -> str:
    """Return a file's text; undecodable bytes become U+FFFD, nothing is raised.

    An encoding is guessed only where the bytes are not UTF-8. A U+FFFD that the file itself holds
    is a character like any other: what another program has lost is not found again.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if utf16 := _utf16_without_mark(data):
        return data.decode(utf16, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd") - data.count(_REPLACEMENT)
    valid = sum(1 for char in text if char > "\x7f") - broken
    if valid >= broken * _VALID_PER_BROKEN:
        return text
    return data.decode(_guess(data), "replace")


def _utf16_without_mark(data: bytes) -> str | None:
    """Detect UTF-16 without a byte order mark by the zero bytes of ASCII characters."""
    head = data[:_SAMPLE_BYTES]
    high, low = head[::2].count(0), head[1::2].count(0)
    if max(high, low) * 8 < len(head) or min(high, low) * 8 > len(head):
        return None
    return "utf-16-be" if high > low else "utf-16-le"


def _guess(data: bytes) -> str:
    """Return the encoding in which the bytes look most like natural language."""
    # ASCII lines are the same in every encoding, so only the others are examined.
    lines = [line for line in data.splitlines(keepends=True) if not line.isascii()]
    matches = list(from_bytes(b"".join(lines)[:_SAMPLE_BYTES]))
    if not matches:
        return _WESTERN
    # Short texts score equally in several encodings; the most common one is preferred.
    score = (matches[0].chaos, matches[0].coherence)
    equal = [match for match in matches if (match.chaos, match.coherence) == score]
    if any(_WESTERN in match.could_be_from_charset for match in equal):
        return _WESTERN
    return matches[0].encoding
