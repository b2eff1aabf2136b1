"""Language of captions that nobody names, where their script proves it."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable

_BY_SCRIPT = {
    "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "CJK": "zh", "THAI": "th", "GREEK": "el",
    "GEORGIAN": "ka", "ARMENIAN": "hy", "KHMER": "km", "LAO": "lo", "TAMIL": "ta", "TELUGU": "te",
    "KANNADA": "kn", "MALAYALAM": "ml", "GUJARATI": "gu", "SINHALA": "si",
}  # fmt: skip
"""Scripts in which one language is written today, by the names of their letters. Source: CLDR's
languages by script."""

_LEAST_LETTERS = 12
_SHARE = 0.9
_KANA_SHARE = 0.1
"""Of the letters: names in Latin letters stand in texts of every script. Japanese has Chinese
characters beside its kana, of which no sentence is without some."""

_SAMPLE_CHARS = 4000


def language_by_script(texts: Iterable[str]) -> str | None:
    """Return the BCP 47 tag of texts; None where their script has several languages.

    Args:
        texts: of one track, in order.
    """
    letters: Counter[str] = Counter()
    for text in texts:
        letters.update(_language_of(char) for char in text if char.isalpha())
        if letters.total() > _SAMPLE_CHARS:
            break
    total = letters.total()
    if total < _LEAST_LETTERS:
        return None
    if letters["ja"]:
        ours = letters["ja"] + letters["zh"]
        return "ja" if letters["ja"] >= _KANA_SHARE * ours and ours >= _SHARE * total else None
    tag, count = letters.most_common(1)[0]
    return tag if tag and count >= _SHARE * total else None


def _language_of(char: str) -> str:
    return _BY_SCRIPT.get(unicodedata.name(char, "").partition(" ")[0], "")
