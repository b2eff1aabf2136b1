"""The languages that a Whisper checkpoint knows."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.errors import InvalidLanguageError
from app.domain.language import Language

_OWN_CODES = {"jv": "jw", "fil": "tl", "nb": "no", "cmn": "zh"}
"""Base tags for which Whisper uses another code. Source: openai/whisper tokenizer.py, LANGUAGES."""


class SpokenLanguages:
    """Between BCP 47 tags and a checkpoint's own language codes.

    Attributes:
        tags: every base tag that can be asked for, sorted.
    """

    def __init__(self, codes: Iterable[str]) -> None:
        self._codes = frozenset(codes)
        aliases = {tag for tag, code in _OWN_CODES.items() if code in self._codes}
        self.tags = tuple(sorted({self.tag(code) for code in self._codes} | aliases))

    def code(self, tag: str) -> str:
        """Return the checkpoint's code for a tag; script and region are not looked at.

        Raises:
            InvalidLanguageError: not a language, or not one that the checkpoint knows.
        """
        base = Language.parse(tag).base
        code = _OWN_CODES.get(base, base)
        if code not in self._codes:
            raise InvalidLanguageError(f"The speech model does not know the language {tag!r}")
        return code

    @staticmethod
    def tag(code: str) -> str:
        """Return the BCP 47 tag for a checkpoint's code."""
        return Language.parse(code).tag
