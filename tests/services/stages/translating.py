"""What tests of the translation stage share: a translator by script, and a source of cues."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from app.domain.cue import Cue
from app.domain.errors import CuestreamError, InvalidLanguageError
from app.domain.events import Notice
from app.domain.language import Language
from app.domain.time import Span
from app.services.stages.stage_clock import StageClock
from app.services.stages.translate import translate_cues
from app.services.translation.translation_job import TranslationJob
from app.services.translation.translator import (
    NO_CONTEXT,
    LanguagePair,
    SourceLine,
    TranslationContext,
    Translator,
)

SPANISH = Language("es")
Answer = Callable[[Sequence[SourceLine]], AsyncIterator[tuple[int, str]]]


async def shout(lines: Sequence[SourceLine]) -> AsyncIterator[tuple[int, str]]:
    for line in lines:
        yield line.id, line.text.upper()


class ScriptedTranslator:
    """Answers by a function of the batch, and remembers what it was asked."""

    name = "scripted"
    detail = "upper case"
    revision = "1"

    def __init__(self, answer: Answer = shout, concurrency: int = 3) -> None:
        self.batch_sizes = (2, 4)
        self.keeps_tags = True
        self.concurrency = concurrency
        self.answer = answer
        self.batches: list[list[int]] = []
        self.pairs: list[LanguagePair] = []
        self.contexts: list[list[int]] = []
        self.lines: list[SourceLine] = []
        self.briefs: list[TranslationContext] = []
        self.in_flight = self.peak = self.cancelled = 0

    async def probe(self) -> None: ...

    async def close(self) -> None: ...

    def check(self, pair: LanguagePair) -> None:
        if pair.source == Language("ja"):
            raise InvalidLanguageError("No Japanese here")

    async def translate(
        self,
        lines: Sequence[SourceLine],
        pair: LanguagePair,
        before: Sequence[SourceLine],
        context: TranslationContext = NO_CONTEXT,
    ) -> AsyncIterator[tuple[int, str]]:
        self.batches.append([line.id for line in lines])
        self.pairs.append(pair)
        self.contexts.append([line.id for line in before])
        self.lines.extend(lines)
        self.briefs.append(context)
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            async for answer in self.answer(lines):
                yield answer
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.in_flight -= 1


def cue(number: int, language: str = "en") -> Cue:
    """Return a cue that is a unit of its own: a second of silence parts it from the next."""
    span = Span(number * 2000, number * 2000 + 1000)
    return Cue(number, span, f"line {number}", language=language)


class Source:
    """Yields cues and says whether it was closed."""

    def __init__(self, cues: Sequence[Cue], error: CuestreamError | None = None) -> None:
        self.cues, self.error = cues, error
        self.taken = 0
        self.closed = False

    async def stream(self) -> AsyncIterator[Cue]:
        try:
            for each in self.cues:
                self.taken += 1
                yield each
            if self.error is not None:
                raise self.error
        finally:
            self.closed = True


def no_notice(notice: Notice) -> None:
    """Fail: everything is translated."""
    raise AssertionError(notice)


def translated(
    source: Source,
    translator: Translator,
    job: TranslationJob | None = None,
    notice: Callable[[Notice], None] = no_notice,
) -> AsyncIterator[Cue]:
    job = job or TranslationJob(SPANISH)
    return translate_cues(source.stream(), translator, job, StageClock(), notice)


async def failing(stage: AsyncIterator[Cue]) -> tuple[list[int], CuestreamError]:
    seen: list[int] = []
    with pytest.raises(CuestreamError) as caught:
        async for each in stage:
            seen.append(each.id)
    return seen, caught.value
