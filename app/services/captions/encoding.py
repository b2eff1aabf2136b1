"""The text of a caption file, in whatever encoding it was saved."""

from __future__ import annotations

import codecs

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16's does, so it is asked first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT_BYTES = 2**15
_WESTERN = "cp1252"
_WHOLE_FOR_BROKEN = 20
"""A file with so many whole characters beyond ASCII for each broken one is UTF-8 with a scratch;
in another encoding nearly all of them are broken."""


def decode_text(data: bytes) -> str:
    """Return a file's text; what cannot be read becomes U+FFFD, nothing is raised."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if wide := _wide(data):
        return data.decode(wide, "replace")
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if not broken:
        return text
    whole = sum(1 for char in text if char > "\x7f") - broken
    if whole >= broken * _WHOLE_FOR_BROKEN:
        return text
    return data.decode(_guess(data), "replace")


def _wide(data: bytes) -> str | None:
    """Return the UTF-16 without a mark: its Latin letters, digits and line ends have a zero."""
    head = data[:_LOOKED_AT_BYTES]
    high, low = head[::2].count(0), head[1::2].count(0)
    if max(high, low) * 8 < len(head) or min(high, low) * 8 > len(head):
        return None
    return "utf-16-be" if high > low else "utf-16-le"


def _guess(data: bytes) -> str:
    """Return the encoding in which the bytes read like a language."""
    # A line in English tells nothing, so lines beyond ASCII are shown alone.
    lines = [line for line in data.splitlines(keepends=True) if not line.isascii()]
    matches = list(from_bytes(b"".join(lines)[:_LOOKED_AT_BYTES]))
    if not matches:
        return _WESTERN
    # Short texts read as well in several encodings; then it is the one that most files have.
    score = (matches[0].chaos, matches[0].coherence)
    equal = [match for match in matches if (match.chaos, match.coherence) == score]
    if any(_WESTERN in match.could_be_from_charset for match in equal):
        return _WESTERN
    return matches[0].encoding
