"""Characters that a format has no code for, and what is written in their place."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Container, Iterator

from app.domain.events import Notice

CODE = "characters_replaced"
LOST = "?"
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Cn"})
"""Categories of marks of direction, joiners, controls and what is no character."""

_NAMED = 20
"""Characters that a notice names; the count is always whole."""

STAND_INS = {
    "\u00a0": " ", "\u2007": " ", "\u2009": " ", "\u200a": " ", "\u202f": " ", "\u3000": " ",
    "'": "’", "’": "'", "‘": "'’", "‚": "'’,", "‛": "'’", "′": "'’", "ʼ": "'’", "`": "'’",
    "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "«": '"', "»": '"', "‹": "'’", "›": "'’",
    "‐": "-", "‑": "-", "‒": "-", "–": "—-", "—": "-", "―": "—-", "−": "-", "\u00ad": "",
    "…": ("...",), "⋯": ("...",), "•": "·*-", "·": "•.", "∙": "·•", "◦": "·•", "●": "•·*",
    "♪": "#", "♫": "♪#", "♬": "♪#", "♩": "♪#", "🎵": "♪#", "🎶": "♪#", "✓": "√",
    "€": ("EUR",), "£": ("GBP",), "¥": ("JPY",), "¢": ("c",), "¤": ("$",), "$": ("USD",),
    "×": "x", "÷": "/", "±": ("+/-",), "°": "º", "º": "°o", "ª": "a",
    "™": ("(TM)",), "©": ("(C)",), "®": ("(R)",), "℠": ("(SM)",), "№": ("No.",),
    "½": ("1/2",), "¼": ("1/4",), "¾": ("3/4",), "⅓": ("1/3",), "⅔": ("2/3",), "⅛": ("1/8",),
    "⅜": ("3/8",), "⅝": ("5/8",), "⅞": ("7/8",), "²": "2", "³": "3", "¹": "1",
    "Æ": ("AE",), "æ": ("ae",), "Œ": ("OE",), "œ": ("oe",), "ß": ("ss",), "ẞ": ("SS",),
    "Ø": "O", "ø": "o", "Đ": "ÐD", "đ": "d", "Ð": "ĐD", "ð": "đd", "Þ": ("Th",), "þ": ("th",),
    "Ł": "L", "ł": "l", "ı": "i", "Ħ": "H", "ħ": "h", "Ŧ": "T", "ŧ": "t", "Ŋ": ("Ng",),
    "ŋ": ("ng",), "Ĳ": ("IJ",), "ĳ": ("ij",), "Ŀ": ("L·",), "ŀ": ("l·",), "ŉ": ("'n", "’n"),
    "Ș": "ŞS", "ș": "şs", "Ț": "ŢT", "ț": "ţt", "Ə": "Ä", "ə": "ä", "ſ": "s", "ĸ": "k",
    "¿": "?", "¡": "!", "¬": "-", "¦": "|", "|": "¦!", "\\": "/", "^": "'’", "_": "-", "~": "-",
    "{": "(", "}": ")", "[": "(", "]": ")", "<": "(", ">": ")", "*": "•·x", "#": "№",
    "ک": "ك", "گ": "ك", "ی": "ي", "پ": "ب", "چ": "ج", "ژ": "ز", "ە": "ه", "ۀ": "ه", "ۆ": "و",
    "ё": "е", "Ґ": "Г", "ґ": "г", "\u2028": " ", "\u2029": " ", "\t": " ",
}  # fmt: skip
"""What may stand for a character, the nearest first: each of a text's characters, or of a tuple's
texts. Ours, after Unicode CLDR's Latin-ASCII transform."""


class CharacterReplacer:
    """Brings texts into the characters that a format has, and counts what had to be replaced.

    Args:
        carried: the format's characters.
        what: the format with its table of characters, for people.
    """

    def __init__(self, carried: Container[str], what: str) -> None:
        self._carried = carried
        self._what = what
        self._known: dict[str, tuple[str, bool]] = {}
        self._replaced: Counter[tuple[str, str]] = Counter()

    def written(self, text: str) -> str:
        """Return a text in the format's characters alone, composed where it was not."""
        return "".join(self._each(unicodedata.normalize("NFC", text)))

    def notice(self) -> Notice | None:
        """Return which characters became others; None where only their typography did."""
        if not self._replaced:
            return None
        total = sum(self._replaced.values())
        named = ", ".join(
            f"{char} (U+{ord(char):04X}) as “{other}”" + (f" {count} times" if count > 1 else "")
            for (char, other), count in self._replaced.most_common(_NAMED)
        )
        more = ", …" if len(self._replaced) > _NAMED else ""
        count = "1 character" if total == 1 else f"{total} characters"
        return Notice(CODE, f"{count} that {self._what} cannot carry: {named}{more}")

    def _each(self, text: str) -> Iterator[str]:
        for char in text:
            if char not in self._known:
                self._known[char] = self._replacement(char)
            written, told = self._known[char]
            if told:
                self._replaced[char, written] += 1
            yield written

    def _replacement(self, char: str) -> tuple[str, bool]:
        """Return what is written for a character, and whether that is told."""
        if char in self._carried:
            return char, False
        for other in STAND_INS.get(char, ()):
            if all(each in self._carried for each in other):
                return other, char.isalpha()
        if char.isspace():
            return "\n" if char == "\n" else " ", False
        if unicodedata.category(char) in _INVISIBLE:
            return "", False
        if (digit := unicodedata.digit(char, None)) is not None and str(digit) in self._carried:
            return str(digit), False
        parts = unicodedata.normalize("NFKD", char)
        base = "".join(part for part in parts if not unicodedata.combining(part))
        if base and all(each in self._carried for each in base):
            return base, True
        return LOST, True
