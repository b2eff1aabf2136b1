"""Translation stage: cues to translated cues in order, whole sentences at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from app.domain.cue import Cue
from app.domain.errors import (
    CuestreamError,
    InvalidLanguageError,
    TranslationAuthError,
    TranslationIncompleteError,
    TranslationQuotaError,
)
from app.domain.events import Notice
from app.services.stages.convert_script import ScriptConversion
from app.services.stages.stage_clock import StageClock
from app.services.translation.answer_remarks import AnswerRemarks
from app.services.translation.batch_slots import BatchSlots
from app.services.translation.text.batches import PendingUnit, UnitBatcher
from app.services.translation.text.pending_units import PendingUnitFactory
from app.services.translation.text.translation_distributor import TranslationDistributor
from app.services.translation.text.translation_tokenizer import TranslationTokenizer
from app.services.translation.text.units import build_units
from app.services.translation.translation_job import TranslationJob
from app.services.translation.translation_notices import not_translated, style_lost
from app.services.translation.translator import Translator
from app.system.async_iterators import close_stage

_BUFFERED_BATCHES = 4
"""Batches that may be read and not yet yielded, for each one that may be in flight: enough for
full concurrency while the first of them is late."""

_LEAST_BUFFERED = 32
"""Batches that may be read in any case: concurrency may grow to eight."""


async def translate_cues(
    cues: AsyncIterator[Cue],
    translator: Translator,
    job: TranslationJob,
    clock: StageClock,
    notice: Callable[[Notice], None],
) -> AsyncIterator[Cue]:
    """Yield every cue with its translation and the next revision, in the order of arrival.

    Cues that a sentence runs over are translated together, and each gets its part of the
    translation. They leave as soon as they and all before them are translated. A cue that is in
    the target language already keeps its text as its translation; one in another script of it is
    converted where that takes no model. One that the transcriber has translated keeps that
    translation. One in a language that the translator does not serve
    stays as it was spoken, if the translator serves any other cue: in a recording of several
    languages, or where the language of a window was mistaken, the rest is translated.

    Args:
        cues: in order of id; closed when the caller stops.
        translator: decides how large batches are at most and how many are in flight.
        job: target language and options. Its translation memory is read first, gets every
            translation and is saved at the end, also after a failure.
        clock: counts the time spent under ``translate``.
        notice: takes at the end one notice for each language that was left as it was spoken or
            converted, those of what was removed from answers or is doubtful, and one of the styles
            of words that the translation does not show.

    Raises:
        InvalidLanguageError: the translator serves the language of no cue; raised at the end.
        TranslationAuthError, TranslationQuotaError: at once; requests in flight are given up.
        TranslationIncompleteError: cues that could not be translated, after every cue that
            precedes them.
        CuestreamError: whatever else the translator or ``cues`` raised, at the same place.
    """
    remarks = AnswerRemarks()
    job = replace(job, context=replace(job.context, remarks=remarks))
    state = _TranslateTasks(translator, job, clock)
    scripts = ScriptConversion(job.target)
    distributor = TranslationDistributor(TranslationTokenizer(job.target, job.terms), job.profile)
    unstyled: list[Cue] = []
    running = asyncio.create_task(state.run(scripts.cues(cues)))
    try:
        while (pending := await state.ordered.get()) is not None:
            for cue in await pending.translated(distributor):
                yield cue
            unstyled += pending.unstyled
            state.buffer_limit.release()
        if state.failure is not None:
            raise state.failure
        if unstyled:
            notice(style_lost(unstyled))
        for language, left in state.left.items():
            notice(not_translated(language, job.target, left))
        for remark in (*scripts.notices(), *remarks.notices()):
            notice(remark)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        if job.memory is not None:
            await job.memory.save()


class _TranslateTasks:
    """The tasks behind one stage, in a task of their own.

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
