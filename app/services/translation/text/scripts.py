"""Detector of writing systems."""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import lru_cache

from app.domain import language_tags
from app.domain.language import Language
from app.services.translation.text.han_variants import is_in_other_han

_KANA = frozenset({"HIRAGANA", "KATAKANA"})

_NAMES: dict[str, frozenset[str]] = {
    "Adlm": frozenset({"ADLAM"}),
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
    "Mong": frozenset({"MONGOLIAN"}),
    "Mymr": frozenset({"MYANMAR"}),
    "Nkoo": frozenset({"NKO"}),
    "Olck": frozenset({"OL"}),
    "Orya": frozenset({"ORIYA"}),
    "Sinh": frozenset({"SINHALA"}),
    "Syrc": frozenset({"SYRIAC"}),
    "Tfng": frozenset({"TIFINAGH"}),
    "Thaa": frozenset({"THAANA"}),
    "Tibt": frozenset({"TIBETAN"}),
    "Taml": frozenset({"TAMIL"}),
    "Telu": frozenset({"TELUGU"}),
    "Thai": frozenset({"THAI"}),
}
"""How the Unicode names of a script's letters begin. Source: Unicode's UnicodeData.txt; scripts
by ISO 15924."""

_JUDGED_LETTERS = 4
"""Fewer letters may be a name or a unit."""

_LEAST_OWN = 0.3
"""A translation may quote foreign words; at least this share of its letters is its own."""

_HAN = frozenset({"Hans", "Hant"})

_ALPHABETS = {
    name: script for script, names in _NAMES.items() if len(names) == 1 for name in names - {"CJK"}
}
"""Script by the beginning of its letters' names, where no other script has them."""

_WIDE = frozenset({"Hans", "Hant", "Jpan", "Kore"})
_WIDE_WEIGHT = 3
"""A wide character says about as much as three letters."""

_KANJI_ONLY = 16
"""Japanese of so many letters has kana among them; Chinese has none however long it is."""


def script_of(language: Language) -> str | None:
    """Return the ISO 15924 script of a language; None where there are several or none known.

    Chinese is simplified where its tag leaves it open: both take the same room.
    """
    script = language.script
    if script is None and language_tags.likely_script(language.tag) in _HAN:
        script = language_tags.likely_script(language.tag)
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
        return script in _HAN and language.script is not None and is_in_other_han(text, script)
    weighed = own * (_WIDE_WEIGHT if script in _WIDE else 1)
    if weighed < _LEAST_OWN * (weighed + foreign):
        return True
    kana = sum(letters[name] for name in _KANA)
    if script in _HAN:
        other = language.script is not None and is_in_other_han(text, script)
        return other or (kana > 1 and kana > own // 10)
    return script == "Jpan" and kana == 0 and letters["CJK"] >= _KANJI_ONLY


def letters_by_script(text: str) -> Counter[str]:
    """Count a text's letters by their script, where exactly one alphabet has them."""
    return Counter(
        script for char in text if char.isalpha() and (script := _ALPHABETS.get(_name(char)))
    )


@lru_cache(maxsize=8192)
def _name(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]
