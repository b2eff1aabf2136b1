"""How much a decoded text looks like one in a language: 1 as a good text does, below 0 not at all.

Only what lies beyond ASCII is judged, since it alone depends on the encoding, and the frequent
words of the language beside it. The weights are ours, chosen on the generated files of
``scripts/encoding_corpus.py``.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

import opencc
from charset_normalizer.constant import FREQUENCIES

from app.services.captions.alphabets import LanguageTraits, alphabet_of

_QUOTES = frozenset("“”„‚‘’«»‹›–—…•¿¡♪♫€£§°©®™\u00a0\u200e\u200f\u200c\u200d،؟؛")
_RARE = frozenset("¼½¾²³¹ºª·¢¥±×÷µ¶†‡‰¦¬¯¸´`¨ˆ˜¤")
_LOANS = frozenset("éèöüñàçáóíêôâîûëïä")
_JOINERS = frozenset("’'-·´`\u00a0\u00ad\u200c\u200d")
_OPENING, _CLOSING = frozenset("“„‚‘«‹¿¡"), frozenset("”“’‘»›…")

_KANA_VALUE, _TYPOGRAPHIC, _LOAN, _STRANGE, _BROKEN = 1.0, 0.5, -0.3, -1.0, -3.0
_NO_BREAK = 0.9
"""Value of a no-break space, which stands beside words and signs of many languages."""

_RUN = re.compile(r"[^\W\d_a-zA-Z]{4,}")
_RUN_WEIGHT = 0.4
"""Penalty of each of four or more letters in a row that are not ASCII, in a Latin alphabet."""

_IN_PLACE = 0.6
"""Value of a quotation mark where a word begins or ends."""

_LATIN_WORDS_MOST, _LATIN_WORDS_WEIGHT = 0.3, 0.8
"""More words of ASCII letters beside those beyond speak against every other alphabet."""

_MIXED = 1.5
"""Penalty of a letter beyond ASCII in one word with letters of ASCII, where it is not Latin."""

_WORDS_WEIGHT, _WORDS_MOST = 2.0, 0.3
"""Of the share of a language's frequent words among all; speech has up to a third of them."""

_MOST_RANK, _LEAST_LATIN, _LEAST_RANK = 1.2, 1.0, 0.2
"""Value of the most frequent letter of an alphabet, and of the rarest one of a Latin and of any
other alphabet, in which each letter depends on the encoding."""


def letters_fit(chars: Counter[str], name: str) -> float:
    """Return the plausibility of characters beyond ASCII in a language, -4 to 1.2.

    Args:
        chars: with their counts.
        name: of the language, as `alphabet_of` takes it.
    """
    total = chars.total()
    return sum(_value(char, name) * count for char, count in chars.items()) / (total or 1)


def shape_fit(words: Mapping[str, int], name: str) -> float:
    """Return what words add in which a letter or a sign is in place or, below 0, out of it.

    Args:
        words: runs of letters and of characters beyond ASCII, with their counts.
        name: of the language, as `alphabet_of` takes it.
    """
    alphabet = alphabet_of(name)
    strange = {word: count for word, count in words.items() if not word.isascii()}
    total = sum(count * sum(char > "\x7f" for char in word) for word, count in strange.items())
    shape = sum(_shape(word, alphabet) * count for word, count in strange.items()) / (total or 1)
    return shape if alphabet.latin else shape - _latin_words(words, sum(strange.values()))


def _latin_words(words: Mapping[str, int], strange: int) -> float:
    # Shorter ones are names of tags.
    latin = sum(count for word, count in words.items() if len(word) > 2 and word.isascii())
    share = latin / (latin + strange or 1)
    return _LATIN_WORDS_WEIGHT * max(0.0, share - _LATIN_WORDS_MOST)


def word_share(words: Counter[str], name: str) -> float:
    """Return what the share of the language's frequent words adds to the plausibility.

    Args:
        words: in lower case, with their counts.
        name: of the language, as `alphabet_of` takes it.
    """
    hits = sum(words[word] for word in alphabet_of(name).words)
    return _WORDS_WEIGHT * min(_WORDS_MOST, hits / (words.total() or 1))


@lru_cache(maxsize=2**14)
def _value(char: str, name: str) -> float:
    alphabet = alphabet_of(name)
    lower = char.lower()
    if lower in alphabet.letters:
        rank = alphabet.ranks.get(lower, 1.0)
        least = _LEAST_LATIN if alphabet.latin else _LEAST_RANK
        return _MOST_RANK - (_MOST_RANK - least) * rank
    if char == "\u00a0":
        return _NO_BREAK
    if char in _QUOTES:
        return _TYPOGRAPHIC
    category = _category(char)
    if category[0] == "L" or category == "Mn":
        return _LOAN if lower in _LOANS and alphabet.latin else _STRANGE
    if category in ("Cc", "Co", "Cn") or char == "\ufffd":
        return _BROKEN
    return _STRANGE if char in _RARE else 2 * _STRANGE


def _shape(word: str, alphabet: LanguageTraits) -> float:
    quoted = (word[0] in _OPENING) + (word[-1] in _CLOSING)
    penalty = _IN_PLACE * quoted if len(word) > 1 else 0.0
    for before, char, after in zip(" " + word, word, word[1:] + " ", strict=False):
        if char.isalpha():
            rises = char.isupper() and before.islower() and not (before + char).isascii()
            falls = char.islower() and before.isupper() and after.isupper()
            penalty -= rises or falls
        elif char > "\x7f" and char not in _JOINERS and before.isalpha() and after.isalpha():
            penalty -= _category(char) not in ("Mn", "Cf")
    if alphabet.latin:
        penalty -= _RUN_WEIGHT * sum(map(len, _RUN.findall(word)))
    elif any("a" <= char <= "z" for char in word.lower()):
        penalty -= _MIXED * sum(1 for char in word if char.lower() in alphabet.letters)
    return penalty


_HANGUL, _KANA = range(0xAC00, 0xD7A4), range(0x3040, 0x3100)
_HAN = range(0x4E00, 0xA000)
_HALF_KANA = range(0xFF61, 0xFFA0)
_BESIDE_LATIN = re.compile(r"(?<=[a-z])[^\x00-\x7f]|[^\x00-\x7f](?=[a-z])")

_EAST_ASIAN_SIGNS = frozenset("、。，．！？「」『』（）《》〈〉：；・ー～…“”‘’—♪　〜【】")

_COMMON_VALUE, _STANDARD_VALUE = 1.2, 0.6


def east_asian_fit(text: str, name: str) -> float:
    """Return the plausibility of a text in Japanese, Korean or Chinese.

    Args:
        text: characters of ASCII in it do not count, but for letters next to others.
        name: ``ja``, ``ko`` or ``zh``.
    """
    chars = Counter(char for char in text if char > "\x7f")
    total = chars.total()
    if not total:
        return 0.0
    value = sum(_east_asian_value(char, name) * count for char, count in chars.items())
    return (value - _MIXED * len(_BESIDE_LATIN.findall(text))) / total


@lru_cache(maxsize=2**15)
def _east_asian_value(char: str, name: str) -> float:
    code = ord(char)
    if char in _common(name):
        return _COMMON_VALUE
    if char in _EAST_ASIAN_SIGNS:
        return _TYPOGRAPHIC
    if code in _HALF_KANA:
        return -0.5 if name == "ja" else _STRANGE
    if code in _KANA:
        return _KANA_VALUE if name == "ja" else _STRANGE
    if code in _HANGUL:
        return _level(char, "euc-kr", range(0xB0, 0xC9)) if name == "ko" else _STRANGE
    if code in _HAN:
        if name == "ja":
            return _level(char, "euc-jp", range(0xB0, 0xD0))
        if name == "ko":
            return _STRANGE / 2
        simplified = _level(char, "gb2312", range(0xB0, 0xD8))
        return max(simplified, _level(char, "big5", range(0xA4, 0xC7)))
    if 0xFF01 <= code <= 0xFF5E:
        return 0.3
    return _BROKEN if _category(char) in ("Cc", "Co", "Cn") or char == "\ufffd" else _STRANGE


def _level(char: str, encoding: str, common: range) -> float:
    """Return the value of a character by the rows of a standard that hold the common ones."""
    try:
        encoded = char.encode(encoding)
    except UnicodeEncodeError:
        return _STRANGE
    return _STANDARD_VALUE if len(encoded) == 2 and encoded[0] in common else -0.3


@lru_cache(maxsize=4)
def _common(name: str) -> frozenset[str]:
    if name == "zh":
        simplified = "".join(FREQUENCIES["Chinese"])
        return frozenset(simplified + opencc.OpenCC("s2t").convert(simplified))
    lists = {"ja": ("Japanese", "Japanese—", "Japanese——"), "ko": ("Korean",)}
    return frozenset("".join(letter for each in lists[name] for letter in FREQUENCIES[each]))


@lru_cache(maxsize=2**15)
def _category(char: str) -> str:
    return unicodedata.category(char)
