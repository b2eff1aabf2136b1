"""Numbers in a text, in any digits with any separators."""

from __future__ import annotations

import re
import unicodedata

_NUMBER = re.compile(r"\d(?:[\d.,:'’\u00a0\u202f ]*\d)?")


def figures(text: str) -> frozenset[str]:
    """Return the numbers of a text in one spelling: ``1,000`` is ``1000``, ``٤`` is ``4``."""
    plain = "".join(_plain(char) for char in text)
    return frozenset(
        "".join(char for char in match if char.isdigit()) for match in _NUMBER.findall(plain)
    )


def _plain(char: str) -> str:
    value = unicodedata.decimal(char, None)
    return char if value is None else str(value)
