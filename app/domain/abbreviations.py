"""Full stops of abbreviations, told from those of sentences.

The long tail comes from the lists of sentencex (Wikimedia, MIT), which are made for encyclopedias:
they hold words of dialogue too ("Help me. John fell."), so an entry that is spelt like a word does
not count. What dialogue is full of has lists of its own, with the rule by which it ends a sentence.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import sentencex

from app.domain import abbreviation_lists as lists

_STEM_CHARS = 24
"""Longer words are no abbreviations."""

_VOWELS = frozenset("aeiouyæøœаеиоуыэюяіїєαεηιουω")
_SHORT_CHARS = 4
_LONG_CHARS = 5

_LETTER_WORDS = frozenset("яєииїőèéàöåøæòóúыy")
"""Small letters that are words and end sentences: ``Это я.``"""

_SMALL_TITLES_TEXT = """
gen ген sra srta dra dna dña on ifj özv hra rva ing inż arq avv sig ul pí pan ул вул просп пл бул
"""
_SMALL_TITLES = frozenset(_SMALL_TITLES_TEXT.split())
"""Short titles and words of addresses that look like words and are written small."""

_ORDINAL_DIGITS = 2
_ROMAN = frozenset("IVXLC")
_ORDINAL_LANGUAGES_TEXT = """
de lb da no nb nn fi et lv lt pl cs sk sl hr sr bs hu tr is fo az
"""
ORDINAL_LANGUAGES = frozenset(_ORDINAL_LANGUAGES_TEXT.split())
"""Languages that write an ordinal number with a full stop: ``XIV. Lajos``."""

_ANY = ""
"""The language that is not known: all lists together."""

_LIBRARY_DEFAULT = "en"
_PROBE = "Abc"
"""A capitalised word that begins no sentence more often than others."""


def may_abbreviate(text: str, language: str = _ANY) -> bool:
    """Whether the full stop that ends a text may belong to an abbreviation, an initial or a number.

    Args:
        text: a word with its full stop, better with the word before it.
        language: BCP 47 tag; all languages' abbreviations count where it is empty.
    """
    before, stem = _parted(text)
    if not stem:
        return False
    key = stem.lower()
    if _is_initial(stem) or "." in stem.strip(".") or _is_ordinal(stem, language):
        return True
    if _is_counting(key, language):
        return key not in lists.ORDINARY or (stem[0].isupper() and bool(before))
    return (
        _is_title(stem, language)
        or _in(lists.GOES_ON, key, language)
        or _in(lists.MAY_END, key, language)
        or _in(lists.GOES_ON, _spaced(before, key), language)
        or _is_listed(stem, _PROBE, language)
    )


def goes_on_after_stop(text: str, after: str, language: str = _ANY) -> bool:
    """Whether a sentence goes on behind a text's full stop, which an abbreviation would explain.

    Args:
        text: a word with its full stop, better with the word before it.
        after: the word behind it, without opening marks.
        language: BCP 47 tag.
    """
    if not may_abbreviate(text, language):
        return False
    before, stem = _parted(text)
    key = stem.lower()
    if after[:1].isnumeric():
        return _is_counting(key, language) or _is_title(stem, language) or len(stem) == 1
    if _in(lists.MAY_END, _spaced(before, key), language):
        return False
    if _in(lists.GOES_ON, _spaced(before, key), language):
        return True
    if len(stem) == 1:
        return not (_is_lettered_thing(before, stem) and _begins_sentence(after))
    if _is_day(stem):
        return _library_goes_on(stem, after, language)
    if _is_title(stem, language) or _in(lists.GOES_ON, key, language):
        return True
    if _in(lists.MAY_END, key, language):
        return _acronym_goes_on(stem, after)
    if "." in stem or _is_ordinal(stem, language):
        return not _begins_sentence(after)
    return _is_listed(stem, after, language) or (stem[0].isupper() and _is_counting(key, language))


def _parted(text: str) -> tuple[str, str]:
    """Return the word before the last one, and the last one without its full stop."""
    words = text[-3 * _STEM_CHARS :].split()
    if not words or not words[-1].endswith("."):
        return "", ""
    stem = words[-1][:-1]
    begin = next((at for at, char in enumerate(stem) if char.isalnum()), len(stem))
    stem = stem[begin:].replace("’", "'").rpartition("'")[2]
    return (words[-2] if len(words) > 1 else ""), stem if len(stem) <= _STEM_CHARS else ""


def _spaced(before: str, key: str) -> str:
    """Return an abbreviation in one word that is written in two: ``p. m.``."""
    is_part = before.endswith(".") and len(before) <= _SHORT_CHARS
    return f"{before.lower()}{key}" if is_part else ""


def _is_initial(stem: str) -> bool:
    if len(stem) != 1 or not stem.isalpha():
        return False
    if stem.islower():
        return stem not in _LETTER_WORDS
    return stem != "I"


def _is_ordinal(stem: str, language: str) -> bool:
    """Whether a number may be an ordinal: ``XIV. Lajos``, ``am 3. Oktober``."""
    if _base(language) not in ORDINAL_LANGUAGES:
        return False
    return _is_day(stem) or (len(stem) > 1 and _ROMAN.issuperset(stem))


def _is_day(stem: str) -> bool:
    return stem.isdecimal() and len(stem) <= _ORDINAL_DIGITS


def _is_counting(key: str, language: str) -> bool:
    return _in(lists.COUNTED, key, language)


def _is_title(stem: str, language: str) -> bool:
    key = stem.lower()
    if not _in(lists.TITLES, key, language):
        return False
    is_wordlike = stem.islower() and _has_vowel(key) and len(key) < _SHORT_CHARS
    return not is_wordlike or key in _SMALL_TITLES


def _is_lettered_thing(before: str, stem: str) -> bool:
    """Whether a capital letter names a thing and no person: ``plan B.``."""
    return before.islower() and stem.isupper()


def _acronym_goes_on(stem: str, after: str) -> bool:
    """Whether what may end a sentence does not: ``the U.S. Army``."""
    return stem.isupper() and "." in stem and not _begins_sentence(after)


def _begins_sentence(after: str) -> bool:
    """Whether a word begins sentences more often than names, as far as the library knows."""
    return after.isascii() and after.isalpha() and not _library_goes_on("U.S", after, "en")


def _is_listed(stem: str, after: str, language: str) -> bool:
    """Whether the library goes on behind an abbreviation that is not spelt like a word."""
    key = stem.lower()
    if key in lists.ORDINARY or not all(char.isalnum() or char == "-" for char in stem):
        return False
    if not any(char.isalpha() for char in stem):
        return _library_goes_on(stem, after, language) if after.isalpha() else False
    if _has_vowel(key) and (len(key) <= _SHORT_CHARS or _is_vowel(key[-1])):
        return False
    return _library_goes_on(stem, after if after.isalpha() else _PROBE, language)


@lru_cache(maxsize=4096)
def _library_goes_on(stem: str, after: str, language: str) -> bool:
    text = f"{stem}. {after[:_STEM_CHARS]}"
    return len(sentencex.segment(_base(language) or _LIBRARY_DEFAULT, text)) == 1


@lru_cache(maxsize=1024)
def _words(table: int, language: str) -> frozenset[str]:
    lists_of = _TABLES[table]
    base = _base(language)
    if base in lists_of:
        return frozenset(lists_of[base].split())
    texts = " ".join(lists_of.values()).split() if not base else ()
    return frozenset(texts) - lists.ORDINARY - lists.ORDINARY_ELSEWHERE


_TABLES = (lists.TITLES, lists.COUNTED, lists.MAY_END, lists.GOES_ON)


def _in(table: dict[str, str], key: str, language: str) -> bool:
    return bool(key) and key in _words(_TABLES.index(table), language)


def _base(language: str) -> str:
    base = language.partition("-")[0].lower()
    return {"nb": "no", "nn": "no", "und": "", "fil": "tl", "iw": "he", "in": "id"}.get(base, base)


def _has_vowel(key: str) -> bool:
    return any(map(_is_vowel, key))


def _is_vowel(char: str) -> bool:
    return unicodedata.normalize("NFD", char)[0] in _VOWELS
