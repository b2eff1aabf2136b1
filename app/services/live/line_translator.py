"""Translator of the lines of one live stream."""

from __future__ import annotations

from collections import deque

import structlog

from app.domain.errors import (
    TranslationAuthError,
    TranslationBudgetError,
    TranslationIncompleteError,
    TranslationQuotaError,
)
from app.domain.language import Language, known_language, needs_translation
from app.services.translation.text.script_conversion import convert_texts
from app.services.translation.text.written_script import WrittenScript
from app.services.translation.translator import LanguagePair, SourceLine, Translator
from app.system.async_iterators import close_stage

log = structlog.get_logger()

_CONTEXT_LINES = 3
"""Preceding source lines that are sent along as context."""

_FATAL_ERRORS = (TranslationAuthError, TranslationQuotaError, TranslationBudgetError)
"""Failures that would recur with the next line, perhaps at a cost."""


class LineTranslator:
    """Translates lines into one language, one after the other.

    Args:
        translator: the translation engine.
        target: language to translate into; None for no translation.
    """

    def __init__(self, translator: Translator, target: Language | None) -> None:
        self._translator = translator
        self._target = target
        self._context: deque[SourceLine] = deque(maxlen=_CONTEXT_LINES)
        self._written = WrittenScript()
        self._count = 0
        self._failed = False

    def is_needed(self, language: str) -> bool:
        """Whether a line in this language has to be translated."""
        spoken = known_language(language)
        if self._target is None:
            return False
        return spoken is None or needs_translation(spoken, self._target)

    async def translate(self, text: str, language: str) -> str | None:
        """Translate a line.

        Args:
            text: transcribed words.
            language: BCP 47 tag, or empty.

        Returns:
            The translation; None after an earlier failure that would recur.

        Raises:
            CuestreamError: it could not be translated.
        """
        if self._target is None or self._failed:
            return None
        line = SourceLine(self._count, text)
        self._count += 1
        try:
            pair = self._pair_as_written(text, language, self._target)
            converted = convert_texts([text], pair)
            return await self._first_answer(line, pair) if converted is None else converted[0]
        except _FATAL_ERRORS as error:
            self._failed = True
            log.warning("live translation is given up", code=error.code)
            raise
        finally:
            self._context.append(line)

    def _pair_as_written(self, text: str, language: str, target: Language) -> LanguagePair:
        spoken = known_language(language)
        if spoken is not None and spoken.base == target.base:
            spoken = self._written.of(spoken, text)
        return LanguagePair(spoken, target)

    async def _first_answer(self, line: SourceLine, pair: LanguagePair) -> str:
        self._translator.check(pair)
        answers = self._translator.translate([line], pair, tuple(self._context))
        try:
            async for number, text in answers:
                if number == line.id:
                    return text
        finally:
            await close_stage(answers)
        raise TranslationIncompleteError([line.id])


def check_target(translator: Translator, target: Language | None) -> None:
    """Refuse a target language that no source language can be translated into.

    Raises:
        InvalidLanguageError: it is not supported; the message lists those that are.
    """
    if target is not None:
        translator.check(LanguagePair(None, target))
