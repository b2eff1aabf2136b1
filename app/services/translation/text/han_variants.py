"""Simplified and traditional Chinese characters in a text.

A character counts where it is of one kind alone: it stands in that kind's national character set
and not in the other's, and OpenCC writes it differently there. Most characters are of both kinds.
Source: GB/T 2312 for the simplified, Big5 for the traditional ones,
as Python's codecs have them; OpenCC's tables.
"""

from __future__ import annotations

from functools import lru_cache

import opencc

_OTHERS_SHARE = 0.25
"""More of a text's telling characters in the other kind are no quotation and no variant."""

_FIRST, _LAST = 0x4E00, 0x9FFF
"""CJK unified ideographs, which hold both character sets. Source: Unicode, Blocks.txt."""


def count_han(text: str) -> tuple[int, int]:
    """Return how many characters are simplified alone, and how many traditional alone."""
    simplified, traditional = _telling()
    hans = sum(1 for char in text if char in simplified)
    hant = sum(1 for char in text if char in traditional)
    return hans, hant


def han_script_of(text: str) -> str | None:
    """Return ``Hans`` or ``Hant``; None where no character tells, or both kinds do equally."""
    hans, hant = count_han(text)
    if hans == hant:
        return None
    return "Hans" if hans > hant else "Hant"


def is_in_other_han(text: str, script: str) -> bool:
    """Whether a text that should be in one of the two scripts is in the other, or mixes them."""
    hans, hant = count_han(text)
    own, other = (hans, hant) if script == "Hans" else (hant, hans)
    return other > _OTHERS_SHARE * (own + other)


@lru_cache(maxsize=1)
def _telling() -> tuple[frozenset[str], frozenset[str]]:
    chars = [chr(code) for code in range(_FIRST, _LAST + 1)]
    simplified = [c for c in chars if _is_in(c, "gb2312") and not _is_in(c, "big5")]
    traditional = [c for c in chars if _is_in(c, "big5") and not _is_in(c, "gb2312")]
    return _changed(simplified, "s2t"), _changed(traditional, "t2s")


def _changed(chars: list[str], config: str) -> frozenset[str]:
    # Between line ends no two characters make a phrase.
    converted = opencc.OpenCC(config).convert("\n".join(chars)).split("\n")
    return frozenset(c for c, other in zip(chars, converted, strict=True) if c != other)


def _is_in(char: str, encoding: str) -> bool:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
