"""Translation of a list of texts without cues."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import cast

from app.domain.errors import TranslationIncompleteError
from app.services.translation.batch_slots import BatchSlots
from app.services.translation.text.script_conversion import convert_texts
from app.services.translation.translator import (
    NO_CONTEXT,
    LanguagePair,
    SourceLine,
    TranslationContext,
    Translator,
)
from app.system.gathering import gather_or_cancel

_CONTEXT_LINES = 3
"""Preceding source lines that are sent along as context."""


async def translate_list(
    translator: Translator,
    texts: Sequence[str],
    pair: LanguagePair,
    context: TranslationContext = NO_CONTEXT,
) -> list[str]:
    """Return the texts' translations in the texts' order, several batches at a time.

    Raises:
        TranslationIncompleteError: texts that no attempt translated, by their index.
        InvalidLanguageError: the translator does not serve the pair.
        TranslationError: the provider refused or cannot be reached; the rest is given up.
    """
    converted = convert_texts(texts, pair)
    if converted is not None:
        return converted
    translator.check(pair)
    tasks = _ListTranslation(
        translator, pair, context, [SourceLine(n, text) for n, text in enumerate(texts)]
    )
    await tasks.run()
    if tasks.missing:
        raise TranslationIncompleteError(sorted(tasks.missing))
    return [tasks.found[number] for number in range(len(texts))]


class _ListTranslation:
    """Translates one list in concurrent batches."""

    def __init__(
        self,
        translator: Translator,
        pair: LanguagePair,
        context: TranslationContext,
        lines: Sequence[SourceLine],
    ) -> None:
        self.found: dict[int, str] = {}
        self.missing: list[int] = []
        self._translator = translator
        self._pair = pair
        self._context = context
        self._lines = lines
        self._limiter = BatchSlots(translator)

    async def run(self) -> None:
        size = self._translator.batch_sizes[-1]
        starts = range(0, len(self._lines), size)
        await gather_or_cancel(self._batch(start, start + size) for start in starts)

    async def _batch(self, start: int, end: int) -> None:
        before = self._lines[max(0, start - _CONTEXT_LINES) : start]
        lines = self._lines[start:end]
        async with self._limiter:
            answers = self._translator.translate(lines, self._pair, before, self._context)
            try:
                async with aclosing(cast("AsyncGenerator[tuple[int, str], None]", answers)):
                    async for number, text in answers:
                        self.found[number] = text
            except TranslationIncompleteError as error:
                self.missing += error.missing
