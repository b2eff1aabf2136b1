"""Cues to translated cues: in order, each once, several batches at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from itertools import chain, repeat

from app.domain.cue import Cue
from app.domain.errors import (
    CuestreamError,
    InvalidLanguageError,
    TranslationAuthError,
    TranslationIncompleteError,
    TranslationQuotaError,
)
from app.domain.language import Language
from app.services.clock import StageClock
from app.services.joints import close_stage
from app.services.translation.batches import Slot, WaitingCues
from app.services.translation.protocol import LanguagePair, Line, Translator

_CONTEXT_LINES = 3
"""Source lines ahead of a batch that go with it as context."""

_ROOM_FACTOR = 4
"""Batches that were taken and not yet yielded, for each one that may be in flight: enough to
keep all lanes full while the first of them is late."""


async def translate_cues(
    cues: AsyncIterator[Cue], translator: Translator, target: Language, clock: StageClock
) -> AsyncIterator[Cue]:
    """Yield every cue with its translation and the next revision, in the order of arrival.

    A cue leaves as soon as it and all before it are translated. One that is in the target
    language already keeps its text as its translation.

    Args:
        cues: sorted by id; closed when the caller stops.
        translator: decides how large batches are and how many are in flight.
        target: language to translate into.
        clock: counts the time spent under ``translate``.

    Raises:
        TranslationAuthError, TranslationQuotaError: at once; requests in flight are given up.
        TranslationIncompleteError: lines that could not be translated, after every cue that
            precedes them.
        CuestreamError: whatever else the translator or ``cues`` raised, at the same place.
    """
    work = _Work(translator, target, clock)
    running = asyncio.create_task(work.run(cues))
    try:
        while (slot := await work.ordered.get()) is not None:
            yield await slot.translated()
            work.room.release()
        if work.failure is not None:
            raise work.failure
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class _Work:
    """The tasks behind one stage, in a task of their own.

    A task group that stays open across a ``yield`` would cancel whoever reads the stage, so
    the generator holds none: its slots tell it what happened.

    Attributes:
        ordered: every cue's slot in order, then None.
        room: places for cues that were taken and not yet yielded.
        failure: what ended the work early, other than a batch's own failure.
    """

    def __init__(self, translator: Translator, target: Language, clock: StageClock) -> None:
        self.ordered: asyncio.Queue[Slot | None] = asyncio.Queue()
        batches = _ROOM_FACTOR * translator.concurrency
        self.room = asyncio.Semaphore(translator.batch_sizes[-1] * batches)
        self.failure: BaseException | None = None
        self._translator = translator
        self._target = target
        self._clock = clock
        self._lanes = asyncio.Semaphore(translator.concurrency)
        self._waiting = WaitingCues()
        self._open: set[Slot] = set()
        self._stopped = False

    async def run(self, cues: AsyncIterator[Cue]) -> None:
        """Take cues and translate them until there are none, or until one cannot be."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._take(cues))
                tasks.create_task(self._dispatch(tasks))
        except BaseExceptionGroup as group:
            self.failure = _first(group)
            for slot in self._open:
                slot.fail(self.failure)
        finally:
            self.ordered.put_nowait(None)

    async def _take(self, cues: AsyncIterator[Cue]) -> None:
        """Give every cue a slot; those to be translated wait for a batch."""
        try:
            async for cue in cues:
                await self.room.acquire()
                slot = Slot(cue, self._pair(cue))
                self.ordered.put_nowait(slot)
                if slot.pair.is_same:
                    slot.fill(cue.text)
                else:
                    self._open.add(slot)
                    self._waiting.add(slot)
        except CuestreamError as error:
            self.failure = error
        finally:
            self._waiting.end()
            await close_stage(cues)

    async def _dispatch(self, tasks: asyncio.TaskGroup) -> None:
        """Start a batch whenever a lane is free and a cue waits."""
        sizes = self._translator.batch_sizes
        before: deque[Line] = deque(maxlen=_CONTEXT_LINES)
        for size in chain(sizes, repeat(sizes[-1])):
            await self._lanes.acquire()
            batch = await self._waiting.batch(size)
            if not batch or self._stopped:
                return
            tasks.create_task(self._translate(batch, tuple(before)))
            before.extend(slot.line for slot in batch)

    async def _translate(self, batch: Sequence[Slot], before: Sequence[Line]) -> None:
        """Translate one batch; what it cannot do fails its own cues and starts no more."""
        try:
            with self._clock.measure("translate"):
                await self._answer(batch, before)
        except (TranslationAuthError, TranslationQuotaError):
            raise
        except CuestreamError as error:
            self._stopped |= any(slot.is_open for slot in batch)
            for slot in batch:
                slot.fail(error)
        self._open.difference_update(batch)
        self._lanes.release()

    async def _answer(self, batch: Sequence[Slot], before: Sequence[Line]) -> None:
        pair = batch[0].pair
        self._translator.check(pair)
        slots = {slot.cue.id: slot for slot in batch}
        answers = self._translator.translate([slot.line for slot in batch], pair, before)
        try:
            async for number, text in answers:
                if number in slots and slots[number].is_open:
                    slots[number].fill(text)
        finally:
            await close_stage(answers)
        if missing := sorted(number for number, slot in slots.items() if slot.is_open):
            raise TranslationIncompleteError(missing)

    def _pair(self, cue: Cue) -> LanguagePair:
        try:
            source = None if cue.language in {"", "und"} else Language.parse(cue.language)
        except InvalidLanguageError:
            source = None
        return LanguagePair(source, self._target)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error that ended a task group, without its wrapping."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
