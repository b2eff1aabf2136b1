"""Languages that callers name, refused in the words that their clients know."""

from __future__ import annotations

from app.domain.errors import InvalidFieldError, InvalidLanguageError
from app.domain.language import Language, parse_target


def spoken_language(text: str | None) -> Language | None:
    """Read a spoken language; None where it is to be detected.

    Raises:
        InvalidFieldError: not a language.
    """
    try:
        return parse_target(text)
    except InvalidLanguageError:
        raise InvalidFieldError("Invalid source language") from None


def language_code(text: str) -> Language:
    """Read the language of a text that is asked for.

    Raises:
        InvalidLanguageError: not a language.
    """
    try:
        return Language.parse(text)
    except InvalidLanguageError:
        raise InvalidLanguageError("Invalid language code") from None
