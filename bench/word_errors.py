"""Word error rate, on words without case, accents and punctuation."""

from __future__ import annotations

import re
import unicodedata

import jiwer

_DIGITS = {
    "en": "zero one two three four five six seven eight nine",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "fr": "zero un deux trois quatre cinq six sept huit neuf",
    "it": "zero uno due tre quattro cinque sei sette otto nove",
    "ru": "ноль один два три четыре пять шесть семь восемь девять",
}
"""Words for 0 to 9, as `normalized` leaves them."""

_SPELLED = re.compile(r"\b\w(?: \w\b){2,}")
"""Three single letters and more, such as ``m i s d n``."""


def normalized(text: str) -> list[str]:
    """Return the words of a text in lower case, without accents and punctuation.

    Accents are the marks that Unicode's canonical decomposition (NFD) separates. Punctuation
    separates words, so that ``l'appel`` and ``re-enviado`` are two each.
    """
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return re.findall(r"[^\W_]+", "".join(c for c in decomposed if not unicodedata.combining(c)))


def word_error_rate(spoken: str, recognized: str, language: str) -> float:
    """Return substituted, deleted and inserted words by the words that were spoken.

    Both texts are normalised. The digits 0 to 9 count as their words, and letters that are spelled
    one by one as one word: how they are written says nothing about what was understood.

    Args:
        spoken: what was said.
        recognized: what was understood.
        language: base tag of both.
    """
    return float(jiwer.wer(_comparable(spoken, language), _comparable(recognized, language)))


def _comparable(text: str, language: str) -> str:
    digits = dict(zip("0123456789", _DIGITS[language].split(), strict=True))
    words = " ".join(digits.get(word, word) for word in normalized(text))
    return _SPELLED.sub(lambda letters: letters[0].replace(" ", ""), words)
