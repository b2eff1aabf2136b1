"""Language identification by statistics of letters."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import lru_cache

from app.domain.language import Language
from app.services.translation.text.han_variants import load_characters
from app.system.language_statistics import is_loaded, language_identifier

_FAMILIES = tuple(
    frozenset(family.split())
    for family in (
        "no nn da sv",
        "hr bs sr sl",
        "id ms jv",
        "zh wuu yue",
        "pt gl",
        "es gl an ext ca oc",
        "it vec lij",
        "ar ary arz",
        "cs sk",
        "bg mk",
        "ru be uk",
        "nl af fy",
        "de lb",
        "fa ps",
        "hi mr ne sa",
        "tr az tk crh",
        "fr wa",
        "tl bcl",
        "he hbo",
        "el grc",
        "ht gcf gcr",
    )
)
"""Languages that are confused with one another in a single line."""

_REMEMBERED_CHARS = 400
"""Longer texts are no lines of a caption and are not kept."""


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """Result of identifying a text's language.

    Attributes:
        language: the likeliest, by the library's label.
        probability: of it, 0..1.
        target_probability: of the target language and its relatives together, 0..1.
    """

    language: str
    probability: float
    target_probability: float


async def load_identifier() -> None:
    """Load the model before its first use, in a thread: it takes a second and 100 MB.

    With it the characters by which Chinese is told apart, which are looked at beside it.
    """
    if not is_loaded():
        await asyncio.to_thread(_load)


def _load() -> None:
    language_identifier()
    load_characters()


def label_of(language: Language) -> str:
    """Return the library's label for a language."""
    return language.code_among(language_identifier().labels) or language.base


def identify(text: str, target: Language) -> LanguageGuess | None:
    """Identify a text's language; None where the target language is not supported.

    Source: see `LanguageIdentifier`.
    """
    guess = _identified if len(text) <= _REMEMBERED_CHARS else _identified.__wrapped__
    return guess(text, target)


@lru_cache(maxsize=4096)
def _identified(text: str, target: Language) -> LanguageGuess | None:
    label = label_of(target)
    identifier = language_identifier()
    if label not in _known():
        return None
    ranked = identifier.rank(text)
    alike = frozenset({label}).union(*(family for family in _FAMILIES if label in family))
    language, probability = ranked[0]
    return LanguageGuess(language, probability, sum(p for each, p in ranked if each in alike))


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(language_identifier().labels)
