"""How many syllables a word has, roughly, in any script."""

from __future__ import annotations

import math
import re
import unicodedata
from functools import lru_cache

_ONE_EACH = re.compile(
    r"[0-9\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Digits, kana (a mora each), ideographs and Hangul."""

_VOWELS = re.compile("[aeiouyæøœıаеёиоуыэюяіїєαεηιουω]+")

_MUTE_E = re.compile(r"(?<=[^\W\d_aeiou])e$")

_LETTERS_EACH = 2.5
"""Letters for a syllable in scripts that write no vowels, or that are not listed above."""


@lru_cache(maxsize=4096)
def syllables(word: str) -> int:
    """Return about how many syllables a word has; 0 where it has neither letter nor digit.

    It errs by a third in either direction, which is enough to tell speech from what nobody can
    say.
    """
    whole = len(_ONE_EACH.findall(word))
    others = _ONE_EACH.sub("", word).casefold()
    plain = "".join(char for char in unicodedata.normalize("NFD", others) if char.isalpha())
    if not plain:
        return whole
    groups = len(_VOWELS.findall(plain))
    if groups > 1 and _MUTE_E.search(plain):
        groups -= 1
    return whole + (groups or math.ceil(len(plain) / _LETTERS_EACH))
