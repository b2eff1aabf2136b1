"""UTF-16 and UTF-32 without a byte order mark."""

from __future__ import annotations

import unicodedata

_SAMPLE_BYTES = 2**15

_NO_TEXT = ("Cc", "Cn", "Co")
"""Controls, characters that do not exist and those of private use. Source: Unicode, UAX 44."""

_STRANGE_SHARE = 0.01


def wide_without_mark(data: bytes) -> str | None:
    """Detect UTF-16 and UTF-32 without a byte order mark.

    Text in another encoding has no zero bytes; in these ASCII characters, line ends at least, have
    them on one side, and everything is a character that exists.
    """
    head = data[:_SAMPLE_BYTES]
    if 0 not in head:
        return None
    high, low = head[::2].count(0), head[1::2].count(0)
    if 2 * (high + low) > len(head):
        order = "be" if head[:1] == b"\0" else "le"
        return f"utf-32-{order}" if _is_text(head, f"utf-32-{order}", 4) else None
    if max(high, low) * 8 < len(head):
        units = list(zip(head[::2], head[1::2], strict=False))
        codec = "utf-16-be" if units.count((0, 10)) > units.count((10, 0)) else "utf-16-le"
        return codec if _is_text(head, codec, 2) else None
    if min(high, low) * 8 > len(head):
        return None
    return "utf-16-be" if high > low else "utf-16-le"


def _is_text(head: bytes, codec: str, size: int) -> bool:
    """Whether the beginning of a file has characters alone that a text may have."""
    text = head[: len(head) // size * size].decode(codec, "replace")
    strange = sum(
        char == "\ufffd" or (char not in "\t\r\n" and unicodedata.category(char) in _NO_TEXT)
        for char in text
    )
    return strange <= _STRANGE_SHARE * len(text)
