"""Word error rate, on words without case, accents and punctuation."""

from __future__ import annotations

import re
import unicodedata

import jiwer


def normalized(text: str) -> list[str]:
    """Return the words of a text in lower case, without accents and punctuation.

    Accents are the marks that Unicode's canonical decomposition (NFD) separates. Punctuation
    separates words, so that ``l'appel`` and ``re-enviado`` are two each.
    """
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return re.findall(r"[^\W_]+", "".join(c for c in decomposed if not unicodedata.combining(c)))


def word_error_rate(spoken: str, recognized: str) -> float:
    """Return substituted, deleted and inserted words by the words that were spoken."""
    return float(jiwer.wer(" ".join(normalized(spoken)), " ".join(normalized(recognized))))
