"""Cues to translated cues: in order, each once, whole sentences at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from app.domain.cue import Cue
from app.domain.errors import (
    CuestreamError,
    TranslationAuthError,
    TranslationIncompleteError,
    TranslationQuotaError,
)
from app.services.stages.stage_clock import StageClock
from app.services.translation.text.atoms import AtomCutter
from app.services.translation.text.batches import PendingUnit, WaitingUnits
from app.services.translation.text.distribute import Resplitter
from app.services.translation.text.pending_units import PendingUnitFactory
from app.services.translation.text.units import build_units
from app.services.translation.translation_job import TranslationJob
from app.services.translation.translator import Translator
from app.system.async_iterators import close_stage

_ROOM_FACTOR = 4
"""Batches that were taken and not yet yielded, for each one that may be in flight: enough to
keep all lanes full while the first of them is late."""


async def translate_cues(
    cues: AsyncIterator[Cue], translator: Translator, job: TranslationJob, clock: StageClock
) -> AsyncIterator[Cue]:
    """Yield every cue with its translation and the next revision, in the order of arrival.

    Cues that a sentence runs over are translated together, and each gets its part of the
    translation. They leave as soon as they and all before them are translated. A cue that is in
    the target language already keeps its text as its translation.

    Args:
        cues: in order of id; closed when the caller stops.
        translator: decides how large batches are at most and how many are in flight.
        job: the target language and what else the job asks for. Its memo answers what it knows
            and is told every answer; it is saved at the end, whatever the end is.
        clock: counts the time spent under ``translate``.

    Raises:
        TranslationAuthError, TranslationQuotaError: at once; requests in flight are given up.
        TranslationIncompleteError: cues that could not be translated, after every cue that
            precedes them.
        CuestreamError: whatever else the translator or ``cues`` raised, at the same place.
    """
    work = _Work(translator, job, clock)
    resplitter = Resplitter(AtomCutter(job.target, job.terms), job.profile)
    running = asyncio.create_task(work.run(cues))
    try:
        while (slot := await work.ordered.get()) is not None:
            for cue in await slot.translated(resplitter):
                yield cue
            work.room.release()
        if work.failure is not None:
            raise work.failure
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        if job.memory is not None:
            await job.memory.save()


class _Work:
    """The tasks behind one stage, in a task of their own.

    A task group that stays open across a ``yield`` would cancel whoever reads the stage, so
    the generator holds none: its slots tell it what happened.

    Attributes:
        ordered: every unit's slot in order, then None.
        room: places for units that were taken and not yet yielded.
        failure: what ended the work early, other than a batch's own failure.
    """

    def __init__(self, translator: Translator, job: TranslationJob, clock: StageClock) -> None:
        self.ordered: asyncio.Queue[PendingUnit | None] = asyncio.Queue()
        batches = _ROOM_FACTOR * translator.concurrency
        self.room = asyncio.Semaphore(translator.batch_sizes[-1] * batches)
        self.failure: BaseException | None = None
        self._translator = translator
        self._job = job
        self._clock = clock
        self._lanes = asyncio.Semaphore(translator.concurrency)
        self._waiting = WaitingUnits(translator.batch_sizes, translator.concurrency)
        self._open: set[PendingUnit] = set()
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
        """Give every unit a slot; those to be translated wait for a batch."""
        slots = PendingUnitFactory(self._job)
        units = build_units(cues)
        try:
            async for unit in units:
                await self.room.acquire()
                slot = slots.make(unit)
                self.ordered.put_nowait(slot)
                if slot.is_open:
                    self._open.add(slot)
                    self._waiting.add(slot)
        except CuestreamError as error:
            self.failure = error
        finally:
            self._waiting.end()
            await close_stage(units)

    async def _dispatch(self, tasks: asyncio.TaskGroup) -> None:
        """Start a batch whenever a lane is free and a unit waits."""
        while True:
            await self._lanes.acquire()
            batch = await self._waiting.batch()
            if not batch or self._stopped:
                return
            tasks.create_task(self._translate(batch))

    async def _translate(self, batch: Sequence[PendingUnit]) -> None:
        """Translate one batch; what it cannot do fails its own cues and starts no more."""
        try:
            with self._clock.measure("translate"):
                await self._answer(batch)
        except (TranslationAuthError, TranslationQuotaError):
            raise
        except CuestreamError as error:
            missing = [slot for slot in batch if slot.is_open]
            self._stopped |= bool(missing)
            for slot in missing:
                slot.fail(_about_cues(error, missing))
        self._open.difference_update(batch)
        self._lanes.release()

    async def _answer(self, batch: Sequence[PendingUnit]) -> None:
        first = batch[0]
        self._translator.check(first.pair)
        slots = {slot.line.id: slot for slot in batch}
        lines = [slot.line for slot in batch]
        answers = self._translator.translate(lines, first.pair, first.before, self._job.context)
        try:
            async for number, text in answers:
                if number in slots and slots[number].takes(text):
                    slots[number].fill(text)
                    await self._remember(slots[number], text)
        finally:
            await close_stage(answers)
        if missing := [slot.line.id for slot in batch if slot.is_open]:
            raise TranslationIncompleteError(missing)

    async def _remember(self, slot: PendingUnit, text: str) -> None:
        if self._job.memory is not None:
            self._job.memory.put(slot.key, text)
            await self._job.memory.save_if_due()


def _about_cues(error: CuestreamError, missing: Sequence[PendingUnit]) -> CuestreamError:
    """Return an error that names cues where it named lines: readers know cues alone."""
    if not isinstance(error, TranslationIncompleteError):
        return error
    return TranslationIncompleteError([cue.id for slot in missing for cue in slot.unit.cues])


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error that ended a task group, without its wrapping."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
