"""Text that was encoded in UTF-8 twice: ``SchÃ¶n`` for ``Schön``."""

from __future__ import annotations

_CODECS = ("cp1252", "cp1251")
"""Encodings of the programs that took UTF-8 for their own: western and Cyrillic Windows."""

_LEAST_BYTES = 3
"""Of characters beyond ASCII: one of two bytes alone might be two that somebody typed."""

_ASCII_END = 0x80
_BYTES = 256


def once_encoded(text: str) -> tuple[str, str] | None:
    """Return a text that was encoded twice as it was before, and the encoding in between.

    Only where every character beyond ASCII is a part of it: no text that somebody wrote has its
    accents and signs in the order of UTF-8's bytes throughout.

    Args:
        text: decoded once.

    Returns:
        None for any other text.
    """
    if text.isascii():
        return None
    for codec in _CODECS:
        data = _as_bytes(text.lstrip("\ufeff"), codec)
        if data is None or sum(byte >= _ASCII_END for byte in data) < _LEAST_BYTES:
            continue
        try:
            return data.decode("utf-8"), codec
        except UnicodeDecodeError:
            continue
    return None


def _as_bytes(text: str, codec: str) -> bytes | None:
    """Return the bytes that were read as a text; None where it has other characters.

    A byte that the encoding does not define is read as the control of its number. Source: WHATWG
    Encoding Standard, index windows-1252.
    """
    table = {char: _byte(char, codec) for char in set(text)}
    if None in table.values():
        return None
    return bytes(byte for char in text if (byte := table[char]) is not None)


def _byte(char: str, codec: str) -> int | None:
    try:
        return char.encode(codec)[0]
    except UnicodeEncodeError:
        is_undefined = _ASCII_END <= ord(char) < _BYTES - 0x60
        return ord(char) if is_undefined else None
