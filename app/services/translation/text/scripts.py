"""Detector of writing systems."""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import lru_cache

from app.domain import language_tags
from app.domain.language import Language

_KANA = frozenset({"HIRAGANA", "KATAKANA"})

_NAMES: dict[str, frozenset[str]] = {
    "Arab": frozenset({"ARABIC"}),
    "Armn": frozenset({"ARMENIAN"}),
    "Beng": frozenset({"BENGALI"}),
    "Cyrl": frozenset({"CYRILLIC"}),
    "Deva": frozenset({"DEVANAGARI"}),
    "Ethi": frozenset({"ETHIOPIC"}),
    "Geor": frozenset({"GEORGIAN"}),
    "Grek": frozenset({"GREEK"}),
    "Gujr": frozenset({"GUJARATI"}),
    "Guru": frozenset({"GURMUKHI"}),
    "Hans": frozenset({"CJK"}),
    "Hant": frozenset({"CJK"}),
    "Hebr": frozenset({"HEBREW"}),
    "Jpan": _KANA | {"CJK"},
    "Khmr": frozenset({"KHMER"}),
    "Knda": frozenset({"KANNADA"}),
    "Kore": frozenset({"HANGUL", "CJK"}),
    "Laoo": frozenset({"LAO"}),
    "Latn": frozenset({"LATIN"}),
    "Mlym": frozenset({"MALAYALAM"}),
    "Mymr": frozenset({"MYANMAR"}),
    "Orya": frozenset({"ORIYA"}),
    "Sinh": frozenset({"SINHALA"}),
    "Taml": frozenset({"TAMIL"}),
    "Telu": frozenset({"TELUGU"}),
    "Thai": frozenset({"THAI"}),
}
"""How the Unicode names of a script's letters begin. Source: Unicode's UnicodeData.txt; scripts
by ISO 15924."""

_SEVERAL = frozenset({"sr", "sh", "bs", "uz", "kk", "az", "ku", "mn", "tk", "tg", "tt", "ha", "ks"})
"""Languages that are written in more than one script by the same people."""

_JUDGED_LETTERS = 4
"""Fewer letters may be a name or a unit."""

_LEAST_OWN = 0.3
"""A translation may quote foreign words; at least this share of its letters is its own."""

_WIDE = frozenset({"Hans", "Hant", "Jpan", "Kore"})
_WIDE_WEIGHT = 3
"""A wide character says about as much as three letters."""

_KANJI_ONLY = 16
"""Japanese of so many letters has kana among them; Chinese has none however long it is."""


def script_of(language: Language) -> str | None:
    """Return the ISO 15924 script of a language; None where there are several or none known."""
    named = language_tags.script_of(language.tag)
    if named is None and language.base in _SEVERAL:
        return None
    script = named or language_tags.likely_script(language.tag)
    return script if script in _NAMES else None


def is_wide(language: Language) -> bool:
    """Whether a language's characters take two columns each."""
    return script_of(language) in _WIDE


def is_wrong_script(text: str, language: Language) -> bool:
    """Whether a text is surely not in a language, by its letters alone."""
    script = script_of(language)
    if script is None:
        return False
    letters = Counter(_name(char) for char in text if char.isalpha())
    own = sum(letters[name] for name in _NAMES[script])
    foreign = letters.total() - own
    if own + foreign < _JUDGED_LETTERS:
        return False
    weighed = own * (_WIDE_WEIGHT if script in _WIDE else 1)
    if weighed < _LEAST_OWN * (weighed + foreign):
        return True
    kana = sum(letters[name] for name in _KANA)
    if script in {"Hans", "Hant"}:
        return kana > 1 and kana > own // 10
    return script == "Jpan" and kana == 0 and letters["CJK"] >= _KANJI_ONLY


@lru_cache(maxsize=8192)
def _name(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]
