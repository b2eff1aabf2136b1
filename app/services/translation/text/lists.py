"""Translating a list of texts that has no cues: as many out as in, each in its place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import cast

from app.domain.errors import TranslationIncompleteError
from app.services.translation.translator import (
    NO_CONTEXT,
    LanguagePair,
    SourceLine,
    TranslationContext,
    Translator,
)

_CONTEXT_LINES = 3
"""Source lines ahead of a batch that go with it as context."""


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
    if pair.is_same:
        return list(texts)
    translator.check(pair)
    work = _ListWork(
        translator, pair, context, [SourceLine(n, text) for n, text in enumerate(texts)]
    )
    await work.run()
    if work.missing:
        raise TranslationIncompleteError(sorted(work.missing))
    return [work.found[number] for number in range(len(texts))]


class _ListWork:
    """One list's batches."""

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
        self._lanes = asyncio.Semaphore(translator.concurrency)

    async def run(self) -> None:
        size = self._translator.batch_sizes[-1]
        starts = range(0, len(self._lines), size)
        tasks = [asyncio.create_task(self._batch(start, start + size)) for start in starts]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _batch(self, start: int, end: int) -> None:
        before = self._lines[max(0, start - _CONTEXT_LINES) : start]
        lines = self._lines[start:end]
        async with self._lanes:
            answers = self._translator.translate(lines, self._pair, before, self._context)
            try:
                async with aclosing(cast("AsyncGenerator[tuple[int, str], None]", answers)):
                    async for number, text in answers:
                        self.found[number] = text
            except TranslationIncompleteError as error:
                self.missing += error.missing
