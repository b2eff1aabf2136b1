"""Simplified and traditional Chinese characters in a text.

A character counts where it is of one kind alone: it stands in that kind's national character set
and not in the other's, and OpenCC writes it differently there. Most characters are of both kinds.
Source: GB/T 2312 for the simplified, Big5 for the traditional ones,
as Python's codecs have them; OpenCC's tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import opencc

_OTHERS_SHARE = 0.25
"""More of a text's telling characters in the other kind are no quotation and no variant."""

_FIRST, _LAST = "\u4e00", "\u9fff"
"""CJK unified ideographs, which hold both character sets. Source: Unicode, Blocks.txt."""


def load_characters() -> None:
    """Prepare the characters that tell, which takes a sixth of a second once."""
    _distinctive_characters()


def count_han(text: str) -> tuple[int, int]:
    """Return how many characters are simplified alone, and how many traditional alone."""
    simplified, traditional = _distinctive_characters()
    hans = sum(1 for char in text if char in simplified)
    hant = sum(1 for char in text if char in traditional)
    return hans, hant


def is_in_other_han(text: str, script: str) -> bool:
    """Whether a text that should be in one of the two scripts is in the other, or mixes them."""
    hans, hant = count_han(text)
    own, other = (hans, hant) if script == "Hans" else (hant, hans)
    return other > _OTHERS_SHARE * (own + other)


@lru_cache(maxsize=1)
def _distinctive_characters() -> tuple[frozenset[str], frozenset[str]]:
    simplified = _characters("gb2312", range(0xA1, 0x100))
    traditional = _characters("big5", (*range(0x40, 0x7F), *range(0xA1, 0xFF)))
    return _changed(simplified - traditional, "s2t"), _changed(traditional - simplified, "t2s")


def _characters(encoding: str, second_bytes: Iterable[int]) -> frozenset[str]:
    """Return the ideographs of a character set of two bytes."""
    pairs = (bytes((first, second)) for second in second_bytes for first in range(0xA1, 0xFF))
    # A line end after each keeps those that do not exist apart from the next.
    text = b"\n".join(pairs).decode(encoding, "ignore")
    return frozenset(char for char in text if _FIRST <= char <= _LAST)


def _changed(chars: frozenset[str], config: str) -> frozenset[str]:
    # Between line ends no two characters make a phrase.
    ordered = sorted(chars)
    converted = opencc.OpenCC(config).convert("\n".join(ordered)).split("\n")
    return frozenset(c for c, other in zip(ordered, converted, strict=True) if c != other)
