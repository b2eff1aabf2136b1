"""Batches of a translation stage: units of cues are read, batched and translated concurrently."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from app.domain.cue import Cue
from app.domain.errors import (
    CuestreamError,
    InvalidLanguageError,
    TranslationAuthError,
    TranslationIncompleteError,
    TranslationQuotaError,
)
from app.services.stages.stage_clock import StageClock
from app.services.translation.batch_slots import BatchSlots
from app.services.translation.text.batches import PendingUnit, UnitBatcher
from app.services.translation.text.pending_units import PendingUnitFactory
from app.services.translation.text.units import build_units
from app.services.translation.translation_job import TranslationJob
from app.services.translation.translator import Translator
from app.system.async_iterators import close_stage

_BUFFERED_BATCHES = 4
"""Batches that may be read and not yet yielded, for each one that may be in flight: enough for
full concurrency while the first of them is late."""

_LEAST_BUFFERED = 32
"""Batches that may be read in any case: concurrency may grow to eight."""


class TranslationBatches:
    """Reads, batches and translates the cues of one stage in a task of its own.

    A task group that stays open across a ``yield`` would cancel the stage's consumer, so the
    generator has none: results and failures reach it through the pending units.

    Attributes:
        ordered: every pending unit in order, then None.
        buffer_limit: bounds the units that were read and not yet yielded.
        failure: what ended the work early, other than a batch's own failure.
        left: cues that stay as they were spoken, by their BCP 47 tag.
    """

    def __init__(self, translator: Translator, job: TranslationJob, clock: StageClock) -> None:
        self.ordered: asyncio.Queue[PendingUnit | None] = asyncio.Queue()
        batches = max(_BUFFERED_BATCHES * translator.concurrency, _LEAST_BUFFERED)
        self.buffer_limit = asyncio.Semaphore(translator.batch_sizes[-1] * batches)
        self.failure: BaseException | None = None
        self.left: dict[str, list[Cue]] = {}
        self._unserved: InvalidLanguageError | None = None
        self._serves_any = False
        self._translator = translator
        self._job = job
        self._clock = clock
        self._limiter = BatchSlots(translator)
        self._waiting = UnitBatcher(translator)
        self._open: set[PendingUnit] = set()
        self._stopped = False

    async def run(self, cues: AsyncIterator[Cue]) -> None:
        """Read cues and translate them to the end or the first failure."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read_units(cues))
                tasks.create_task(self._dispatch(tasks))
        except BaseExceptionGroup as group:
            self.failure = _first_error(group)
            for pending in self._open:
                pending.fail(self.failure)
        finally:
            self.ordered.put_nowait(None)

    async def _read_units(self, cues: AsyncIterator[Cue]) -> None:
        """Make a pending unit of every unit; those to be translated wait for a batch."""
        pending_units = PendingUnitFactory(self._job, keeps_tags=self._translator.keeps_tags)
        units = build_units(cues)
        try:
            async for unit in units:
                await self.buffer_limit.acquire()
                pending = pending_units.make(unit)
                self.ordered.put_nowait(pending)
                self._leave_unserved(pending)
                if pending.is_open:
                    self._open.add(pending)
                    self._waiting.add(pending)
            if not self._serves_any:
                self.failure = self._unserved
        except CuestreamError as error:
            self.failure = error
        finally:
            self._waiting.end()
            await close_stage(units)

    def _leave_unserved(self, pending: PendingUnit) -> None:
        """Leave a unit as it was spoken where the translator does not serve its language."""
        try:
            if pending.is_open and pending.unit.cues[0].translation is None:
                self._translator.check(pending.pair)
            self._serves_any = True
        except InvalidLanguageError as error:
            self._unserved = self._unserved or error
            self.left.setdefault(pending.unit.language, []).extend(pending.unit.cues)
            pending.leave()

    async def _dispatch(self, tasks: asyncio.TaskGroup) -> None:
        """Start a batch whenever the concurrency limit allows and a unit waits."""
        while True:
            await self._limiter.acquire()
            batch = await self._waiting.batch()
            if not batch or self._stopped:
                return
            tasks.create_task(self._translate(batch))

    async def _translate(self, batch: Sequence[PendingUnit]) -> None:
        """Translate one batch; a failure fails its missing units and starts no more batches."""
        try:
            with self._clock.measure("translate"):
                await self._request(batch)
        except (TranslationAuthError, TranslationQuotaError):
            raise
        except CuestreamError as error:
            missing = [pending for pending in batch if pending.is_open]
            self._stopped |= bool(missing)
            for pending in missing:
                pending.fail(_with_cue_ids(error, missing))
        self._open.difference_update(batch)
        self._limiter.release()

    async def _request(self, batch: Sequence[PendingUnit]) -> None:
        first = batch[0]
        if first.unit.cues[0].translation is not None:
            # The transcriber had to translate its speech, and wrote nothing.
            raise TranslationIncompleteError([pending.line.id for pending in batch])
        pending_units = {pending.line.id: pending for pending in batch}
        lines = [pending.line for pending in batch]
        answers = self._translator.translate(lines, first.pair, first.before, self._job.context)
        try:
            async for number, text in answers:
                if number in pending_units and pending_units[number].takes(text):
                    pending_units[number].fill(text)
                    await self._cache(pending_units[number], text)
        finally:
            await close_stage(answers)
        if missing := [pending.line.id for pending in batch if pending.is_open]:
            raise TranslationIncompleteError(missing)

    async def _cache(self, pending: PendingUnit, text: str) -> None:
        if self._job.memory is not None:
            self._job.memory.put(pending.key, text)
            await self._job.memory.save_if_due()


def _with_cue_ids(error: CuestreamError, missing: Sequence[PendingUnit]) -> CuestreamError:
    """Return an error with cue ids in place of line ids: clients know cues alone."""
    if not isinstance(error, TranslationIncompleteError):
        return error
    return TranslationIncompleteError([cue.id for pending in missing for cue in pending.unit.cues])


def _first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error that ended a task group, without its wrapping."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
