"""Translating the lines of one live stream, one after the other."""

from __future__ import annotations

from collections import deque

import structlog

from app.domain.errors import (
    TranslationAuthError,
    TranslationBudgetError,
    TranslationIncompleteError,
    TranslationQuotaError,
)
from app.domain.language import Language, known_language
from app.services.translation.translator import LanguagePair, SourceLine, Translator
from app.system.async_iterators import close_stage

log = structlog.get_logger()

_CONTEXT_LINES = 3
"""Source lines ahead of a line that go with it as context."""

_HOPELESS = (TranslationAuthError, TranslationQuotaError, TranslationBudgetError)
"""Failures that the next line would meet as well, perhaps for money."""


class LineTranslator:
    """Translates into one language.

    Args:
        translator: does the work.
        target: language to translate into; None for none.
    """

    def __init__(self, translator: Translator, target: Language | None) -> None:
        self._translator = translator
        self._target = target
        self._before: deque[SourceLine] = deque(maxlen=_CONTEXT_LINES)
        self._count = 0
        self._given_up = False

    def needed(self, language: str) -> bool:
        """Whether a line in a language is to be translated at all."""
        return (
            self._target is not None
            and not LanguagePair(known_language(language), self._target).is_same
        )

    async def translate(self, text: str, language: str) -> str | None:
        """Translate a line.

        Args:
            text: what was said.
            language: BCP 47 tag, or empty.

        Returns:
            None where an earlier failure has shown that there is no use in trying.

        Raises:
            CuestreamError: it could not be translated.
        """
        if self._target is None or self._given_up:
            return None
        line = SourceLine(self._count, text)
        self._count += 1
        try:
            return await self._answer(line, LanguagePair(known_language(language), self._target))
        except _HOPELESS as error:
            self._given_up = True
            log.warning("live translation is given up", code=error.code)
            raise
        finally:
            self._before.append(line)

    async def _answer(self, line: SourceLine, pair: LanguagePair) -> str:
        self._translator.check(pair)
        answers = self._translator.translate([line], pair, tuple(self._before))
        try:
            async for number, text in answers:
                if number == line.id:
                    return text
        finally:
            await close_stage(answers)
        raise TranslationIncompleteError([line.id])


def check_target(translator: Translator, target: Language | None) -> None:
    """Refuse a language that cannot be translated into, whatever is spoken.

    Raises:
        InvalidLanguageError: it cannot; names what can.
    """
    if target is not None:
        translator.check(LanguagePair(None, target))
