"""Plain characters of a line that may hold a time: the ASCII spelling of what looks alike."""

from __future__ import annotations

import html
import re
import unicodedata

_SEPARATORS = {
    **dict.fromkeys("︓∶ː꞉׃։፡", ":"),
    **dict.fromkeys("،、､﹐٫‚՝'’ʼ", ","),
    **dict.fromkeys("。｡·・․‧", "."),
    **dict.fromkeys("؛⁏", ";"),
    **dict.fromkeys("»›〉》〕➔➜➝➞➟➠➡➢➣➤⇒⟹▶►", ">"),
    **dict.fromkeys("«‹〈《⇐⟸◀◄", "<"),
    **dict.fromkeys("−ー─━", "-"),
}
"""What compatibility decomposition leaves as it is, though it stands for an ASCII sign here."""

_LIKE_DIGITS = str.maketrans("OoQlI|", "000111")
"""Letters that optical recognition reads in the place of digits."""


class _PlainTable(dict[int, str | None]):
    """Maps a character's code to its plain spelling; None for a character without a shape."""

    def __missing__(self, code: int) -> str | None:
        plain = _plain_character(chr(code))
        self[code] = plain
        return plain


_TABLE = _PlainTable()


_GUARDED = re.compile(
    "(?:<[^<>]*+>|\\{[^{}]*+\\}|[\\s\0\ufeff\u200b-\u200f\u202a-\u202e\u2066-\u2069])*+\u2060\u2060"
)


def is_guarded(line: str) -> bool:
    """Whether a line is marked as text whatever it looks like: by two word joiners at its begin."""
    return "\u2060\u2060" in line and _GUARDED.match(line) is not None


def plain_line(line: str) -> str:
    """Return a line with ASCII digits and signs, without invisible characters and references.

    Every decimal digit of Unicode becomes its ASCII digit, every dash a hyphen, every arrow to
    the right ``>``, and spaces are single.
    """
    if "&" in line:
        line = html.unescape(html.unescape(line))
    return " ".join(line.translate(_TABLE).split())


def with_digits(text: str) -> str:
    """Return a text in which letters that look like digits are those digits."""
    return text.translate(_LIKE_DIGITS)


def _plain_character(char: str) -> str | None:
    if char in "\t\n\r" or unicodedata.category(char) in ("Zs", "Zl", "Zp"):
        return " "
    if unicodedata.category(char) in ("Cc", "Cf", "Mn"):
        return None
    if char.isascii() and char != "'":
        return char
    if (digit := unicodedata.decimal(char, None)) is not None:
        return str(digit)
    if char in _SEPARATORS:
        return _SEPARATORS[char]
    if unicodedata.category(char) == "Pd":
        return "-"
    plain = unicodedata.normalize("NFKC", char)
    return plain if len(plain) == 1 and plain.isascii() else _arrow(char)


def _arrow(char: str) -> str:
    name = unicodedata.name(char, "")
    if "RIGHTWARDS" in name:
        return ">"
    return "<" if "LEFTWARDS" in name else char
