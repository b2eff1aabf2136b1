"""The glossary of a request: terms and how they are to be translated."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.errors import InvalidFieldError
from app.domain.json_text import read_json

_MAX_TERMS = 200
_MAX_TERM_CHARS = 100
"""A glossary is sent, thus paid, with every request to a language model."""

_MAX_GLOSSARY_CHARS = 8 * _MAX_TERMS * _MAX_TERM_CHARS
"""Of one that is sent as text; JSON may escape every character."""


def parse_glossary(value: object) -> object:
    """Parse a glossary: an object, JSON text of one, or lines of ``term = translation``.

    Several such texts are one glossary; of equal terms the last one counts.

    Args:
        value: of the field; what is none of these is left to the check of its type.

    Raises:
        InvalidFieldError: it has too many terms, or a line is of another form.
        ValueError: the text of an object is no JSON.
    """
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        if len(value) > _MAX_TERMS:
            raise InvalidFieldError(f"glossary: at most {_MAX_TERMS} terms")
        parts = [parse_glossary(each) for each in value]
        if not all(isinstance(part, dict) for part in parts):
            return value
        value = {k: v for part in parts if isinstance(part, dict) for k, v in part.items()}
    if isinstance(value, str):
        if len(value) > _MAX_GLOSSARY_CHARS:
            raise InvalidFieldError(f"glossary: at most {_MAX_TERMS} terms")
        value = _terms_in(value)
    if isinstance(value, dict) and len(value) > _MAX_TERMS:
        raise InvalidFieldError(f"glossary: at most {_MAX_TERMS} terms")
    return value or {}


def _terms_in(text: str) -> object:
    if text.lstrip().startswith("{"):
        return read_json(text)
    terms: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        term, equals, translation = line.partition("=")
        if equals:
            terms[term.strip()] = translation.strip()
        elif line.strip():
            raise InvalidFieldError(
                f"glossary: line {number} is not of the form term = translation"
            )
    return terms


def glossary_terms(glossary: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the terms of a glossary with their translations, sorted, without empty ones.

    Raises:
        InvalidFieldError: a term or a translation is too long.
    """
    longest = max((len(part) for pair in glossary.items() for part in pair), default=0)
    if longest > _MAX_TERM_CHARS:
        raise InvalidFieldError(f"glossary: at most {_MAX_TERM_CHARS} characters in a term")
    return tuple(sorted((k, v) for k, v in glossary.items() if k.strip() and v.strip()))
