"""Translation stage: cues to translated cues in order, whole sentences at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from app.domain.cue import Cue
from app.domain.events import Notice
from app.domain.language import Language
from app.services.stages.convert_script import ScriptConversion
from app.services.stages.stage_clock import StageClock
from app.services.stages.translation_batches import TranslationBatches
from app.services.translation.answer_remarks import AnswerRemarks
from app.services.translation.text.translation_distributor import TranslationDistributor
from app.services.translation.text.translation_tokenizer import TranslationTokenizer
from app.services.translation.translation_job import TranslationJob
from app.services.translation.translation_notices import not_translated, style_lost
from app.services.translation.translator import Translator


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
    translation. One in a language that the translator does not serve stays as it was spoken, if
    the translator serves any other cue: in a recording of several languages, or where the language
    of a window was mistaken, the rest is translated.

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
    batches = TranslationBatches(translator, job, clock)
    scripts = ScriptConversion(job.target)
    distributor = TranslationDistributor(TranslationTokenizer(job.target, job.terms), job.profile)
    unstyled: list[Cue] = []
    running = asyncio.create_task(batches.run(scripts.cues(cues)))
    try:
        while (pending := await batches.ordered.get()) is not None:
            for cue in await pending.translated(distributor):
                yield cue
            unstyled += pending.unstyled
            batches.buffer_limit.release()
        if batches.failure is not None:
            raise batches.failure
        of_cues = _notices(batches.left, unstyled, job.target)
        for each in (*of_cues, *scripts.notices(), *remarks.notices()):
            notice(each)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        if job.memory is not None:
            await job.memory.save()


def _notices(
    left: Mapping[str, Sequence[Cue]], unstyled: Sequence[Cue], target: Language
) -> Iterator[Notice]:
    """Yield notices of cues that are not translated, or lack their words' styles.

    Args:
        left: cues that stay as they were spoken, by their BCP 47 tag.
        unstyled: cues whose translation does not show the styles of words.
        target: language of the translation.
    """
    if unstyled:
        yield style_lost(unstyled)
    for language, cues in left.items():
        yield not_translated(language, target, cues)
