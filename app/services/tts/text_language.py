"""Language of a text that is to be spoken and that nobody names."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable

from app.domain.errors import InvalidLanguageError
from app.domain.language import ENGLISH, Language
from app.system.language_statistics import language_identifier

_SPOKEN_AS = {
    "an": "es", "ext": "es", "lij": "it", "vec": "it", "pcm": "en", "wa": "fr", "gcf": "fr",
    "gcr": "fr", "arz": "ar", "ary": "ar", "hbo": "he", "grc": "el", "wuu": "zh", "yue": "zh",
    "bcl": "tl", "uzs": "uz", "nn": "no",
}  # fmt: skip
"""Languages that a short text of a larger one is easily taken for, with the larger one."""

_KIN = tuple(
    frozenset(kin.split())
    for kin in ("es gl", "no da sv", "hr bs sr sl", "id ms jv", "cs sk", "bg mk", "ru uk be")
)
"""Languages that are hard to tell apart in a short text: together they may leave no doubt of the
family while each alone does."""

_BY_SCRIPT = {
    "CYRILLIC": "ru", "ARABIC": "ar", "HEBREW": "he", "GREEK": "el", "DEVANAGARI": "hi",
    "BENGALI": "bn", "GURMUKHI": "pa", "GUJARATI": "gu", "TAMIL": "ta", "TELUGU": "te",
    "KANNADA": "kn", "MALAYALAM": "ml", "SINHALA": "si", "THAI": "th", "LAO": "lo",
    "MYANMAR": "my", "KHMER": "km", "GEORGIAN": "ka", "ARMENIAN": "hy", "ETHIOPIC": "am",
    "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "LATIN": "en",
}  # fmt: skip
"""Likeliest language of a script, by the names of its letters. Source: CLDR's likely subtags."""

_SPANISH_MARKS = frozenset("¿¡")

_LIKELY = 0.5
_CERTAIN = 0.9
_SAMPLE_CHARS = 2000
_NO_LANGUAGE = "zxx"
"""Label of what is written in none. Source: ISO 639-2."""


def language_of_text(text: str, speaks: Callable[[Language], bool]) -> Language:
    """Return the language in which a text is to be spoken; slow at its first call.

    A text too short to be identified is in the language that its script is mostly used for.

    Args:
        text: to be spoken.
        speaks: whether there is a voice for a language.

    Raises:
        InvalidLanguageError: no voice speaks the language that the text is certainly in.
    """
    shares: defaultdict[str, float] = defaultdict(float)
    for label, share in language_identifier().rank(text[:_SAMPLE_CHARS]):
        shares[_SPOKEN_AS.get(label, label)] += share
    likeliest = max(shares, key=lambda label: shares[label])
    if speaks(Language(likeliest)):
        kin = next((kin for kin in _KIN if likeliest in kin), frozenset({likeliest}))
        if sum(shares[each] for each in kin) >= _LIKELY:
            return Language(likeliest)
    elif shares[likeliest] >= _CERTAIN and likeliest != _NO_LANGUAGE:
        raise _no_voice(Language(likeliest))
    usual = Language(_language_of_script(text[:_SAMPLE_CHARS]))
    if not speaks(usual):
        raise _no_voice(usual)
    return usual


def _no_voice(language: Language) -> InvalidLanguageError:
    name = language.english_name
    return InvalidLanguageError(f"No voice of this server speaks {name}; name one in voice")


def _language_of_script(text: str) -> str:
    scripts = Counter(
        unicodedata.name(char, "").partition(" ")[0] for char in text if char.isalpha()
    )
    if _SPANISH_MARKS & set(text):
        return "es"
    known = [_BY_SCRIPT[script] for script, _ in scripts.most_common() if script in _BY_SCRIPT]
    # No Japanese sentence is without kana, few are without Chinese characters.
    return "ja" if "ja" in known else next(iter(known), ENGLISH.tag)
