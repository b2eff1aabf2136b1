"""Language identification by text: Parakeet does not report the language that it transcribed."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.errors import InvalidLanguageError
from app.domain.language import Language
from app.system.language_statistics import language_identifier

ENGLISH = ("en",)
EUROPEAN = (
    "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "hr", "hu", "it",
    "lt", "lv", "mt", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "uk",
)  # fmt: skip
"""Languages of `parakeet-tdt-0.6b-v3`. Source: its model card."""

_SURE = 0.6
"""Least probability of the identified language, of one window's text."""

_ENGLISH_TOKENS = 4096
"""The English models have 1,024 tokens, the multilingual one 8,192."""


def languages_of(tokens: int) -> tuple[str, ...]:
    """Return the base tags that a model transcribes, by the size of its vocabulary."""
    return EUROPEAN if tokens > _ENGLISH_TOKENS else ENGLISH


def check_language(tag: str | None, known: Sequence[str]) -> None:
    """Refuse a language that the model does not transcribe.

    Raises:
        InvalidLanguageError: not a language, or not one of the model's.
    """
    if tag is not None and Language.parse(tag).code_among(known) is None:
        raise InvalidLanguageError(f"Parakeet does not know the language {tag!r}")


def spoken_language(text: str, requested: str | None, known: Sequence[str]) -> str:
    """Return the BCP 47 tag of a transcribed text.

    Args:
        text: of one window.
        requested: language of the request, which is taken as it is.
        known: base tags to choose from, at least one.

    Returns:
        ``und`` where the text is too short to identify its language.
    """
    if requested is not None:
        return requested
    if len(known) == 1:
        return known[0]
    ranked = [(label, share) for label, share in language_identifier().rank(text) if label in known]
    total = sum(share for _, share in ranked)
    if not ranked or not total or ranked[0][1] / total < _SURE:
        return "und"
    return str(ranked[0][0])
