"""Serbian in the other alphabet.

From Cyrillic every letter has one spelling. From Latin the digraphs ``lj``, ``nj`` and ``dž`` are
one letter each, but where a prefix ends between their two letters. Source: Pravopis srpskoga
jezika (Matica srpska, 2010).
"""

from __future__ import annotations

import re

_SINGLE = dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True))
_TO_LATIN = {**_SINGLE, "љ": "lj", "њ": "nj", "џ": "dž"}
_TO_CYRILLIC = {latin: cyrillic for cyrillic, latin in _TO_LATIN.items()}

_WORD = re.compile(r"[^\W\d_]+")
_LETTERS = re.compile("lj|nj|dž|.", re.IGNORECASE)

_FOREIGN = frozenset("qwxy")
"""Letters that Serbian has not: their words are names that stay as they are."""

_PARTED = (
    *("injekc", "injekt", "konjug", "konjunk", "tanjug", "vanjez"),
    *("nadžnj", "nadživ", "nadžup", "odžal", "odživ", "podžanr"),
)
"""Words in which the letters of a digraph belong to a prefix and a stem."""


def to_latin(text: str) -> str:
    """Return a text with its Cyrillic letters in Latin; everything else stays."""
    return _WORD.sub(lambda word: _latin_word(word[0]), text)


def to_cyrillic(text: str) -> str:
    """Return a text with its Latin words in Cyrillic; words with foreign letters stay."""
    return _WORD.sub(lambda word: _cyrillic_word(word[0]), text)


def _latin_word(word: str) -> str:
    shouted = len(word) > 1 and word.isupper()
    return "".join(_cased(_TO_LATIN.get(char.lower(), char), char, shouted) for char in word)


def _cyrillic_word(word: str) -> str:
    lower = word.lower()
    if any(char in _FOREIGN or not ("a" <= char <= "z" or char in "đžćčš") for char in lower):
        return word
    parted = {
        lower.index(stem) + stem.index(pair) + 1
        for stem in _PARTED
        for pair in ("nj", "dž")
        if pair in stem and stem in lower
    }
    pieces = [word[start:end] for start, end in _pieces(lower, parted)]
    return "".join(_cased(_TO_CYRILLIC[piece.lower()], piece[0], shouted=False) for piece in pieces)


def _pieces(word: str, parted: set[int]) -> list[tuple[int, int]]:
    """Return where the letters of a word begin and end."""
    pieces: list[tuple[int, int]] = []
    start = 0
    while start < len(word):
        letter = _LETTERS.match(word, start)
        size = len(letter[0]) if letter is not None else 1
        if size == 2 and start + 1 in parted:
            size = 1
        pieces.append((start, start + size))
        start += size
    return pieces


def _cased(letters: str, model: str, shouted: bool) -> str:
    if not model.isupper():
        return letters
    return letters.upper() if shouted else letters.capitalize()
