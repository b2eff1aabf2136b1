"""Work on the edited cues of a job: quality, translation, times, waveform."""

from __future__ import annotations

import asyncio
import base64
import weakref
from contextlib import AsyncExitStack, aclosing
from dataclasses import asdict, replace

from app.container import Services
from app.domain.cue import Cue
from app.domain.errors import (
    AudioNotStoredError,
    InvalidFieldError,
    JobUnfinishedError,
    MediaMismatchError,
    UnavailableOptionError,
)
from app.domain.events import Result
from app.domain.language import Language, known_language, parse_target
from app.domain.peaks import Peaks
from app.domain.profile import ReadingProfile
from app.domain.request import UploadedFile
from app.domain.transcript import Word
from app.domain.written_cue import WrittenCue
from app.services.captions.written_cues import WrittenTrack
from app.services.jobs.runtime import JobRuntime
from app.services.jobs.stored_edits import cues_with_edits, decode_edits
from app.services.layout.line_breaks import break_lines
from app.services.media.peaks import find_peaks
from app.services.media.track_choice import TrackWish
from app.services.quality.quality_report import check_shown_bounded
from app.services.translation.answer_remarks import AnswerRemarks
from app.services.translation.text.list_translation import translate_list
from app.services.translation.translator import LanguagePair, TranslationContext
from app.submission.job_payloads import Payload
from app.submission.operations.align_operation import align_bounded, timed_cues
from app.submission.operations.edit_body import AlignCuesBody, TranslateCuesBody
from app.submission.operations.recording_media import heard_words
from app.submission.operations.stored_media import stored_media
from app.submission.operations.timed_track import LEAST_CONFIDENCE
from app.submission.quality_payload import report_payload
from app.system.fair_places import FairPlaces

_PLACES = 2
_WAITING_MOST = 32
_CALLER_SHARE = 4
"""Recordings whose peaks are found at a time, and requests that wait for that."""

_places: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, FairPlaces] = (
    weakref.WeakKeyDictionary()
)


def result_of(job: JobRuntime) -> Result:
    """Return a finished job's result.

    Raises:
        JobUnfinishedError: it runs, or failed.
    """
    if job.result is None:
        raise JobUnfinishedError("The job has no result: only cues of a finished job can be edited")
    return job.result


def shown_language(job: JobRuntime, result: Result) -> str:
    """Return the BCP 47 tag of the text that a job's files show."""
    return job.request.target.tag if job.request.target else result.language


def edited_profile(job: JobRuntime) -> ReadingProfile:
    """Return the profile of a job's edited cues: their translations keep cues and times."""
    return replace(job.request.profile, free_translations=False)


async def edited_cues(job: JobRuntime, services: Services, owner: str) -> list[Cue] | None:
    """Return a finished job's cues as an owner has edited them; None where he has not.

    Raises:
        JobUnfinishedError: the job runs, or failed.
        StorageError: the store cannot be read.
    """
    result = result_of(job)
    stored = await services.runner.edits(job.id, owner)
    if stored.content is None:
        return None
    return cues_with_edits(decode_edits(stored.content), result.cues, result.language)


async def examine_edits(job: JobRuntime, services: Services, owner: str) -> Payload:
    """Return the quality report of a job's cues as an owner has edited them.

    Raises:
        JobUnfinishedError: the job runs, or failed.
        TooMuchWorkError: it takes more memory or time than it may.
    """
    result = result_of(job)
    edited = await edited_cues(job, services, owner)
    cues = list(result.cues) if edited is None else edited
    language = shown_language(job, result)
    profile = edited_profile(job)
    report, shown = await check_shown_bounded(cues, profile, language, result.video)
    ids = [cue.id for cue in sorted(cues, key=lambda cue: cue.span)]
    return {**report_payload(report, shown), "ids": ids}


async def translate_cues(
    job: JobRuntime, body: TranslateCuesBody, services: Services, caller: str
) -> Payload:
    """Return new translations of some cues, by the server's translator.

    Raises:
        InvalidLanguageError: not a language, or the translator has no such pair.
        InvalidFieldError: neither body nor job has a target language.
        TranslationError: the provider refused or cannot be reached.
    """
    result, target = result_of(job), _target(job, body)
    pair = LanguagePair(known_language(result.language), target)
    await services.readiness.wait()
    ledger, remarks = services.ledgers.open(caller), AnswerRemarks("line")
    context = TranslationContext(glossary=job.request.glossary, ledger=ledger, remarks=remarks)
    texts = [" ".join(cue.text.split()) for cue in body.cues]
    found = await translate_list(services.readiness.translator, texts, pair, context)
    usage = ledger.usage()
    payload: Payload = {
        "cues": [
            {"id": cue.id, "translation": text} for cue, text in zip(body.cues, found, strict=True)
        ],
        "target_lang": target.tag,
        "usage": asdict(usage) if usage.requests else None,
    }
    if notices := [asdict(notice) for notice in remarks.notices()]:
        payload["notices"] = notices
    return payload


def _target(job: JobRuntime, body: TranslateCuesBody) -> Language:
    target = parse_target(body.target_lang) or job.request.target
    if target is None:
        raise InvalidFieldError("target_lang is required: the job has no target language")
    return target


async def align_cues(job: JobRuntime, body: AlignCuesBody) -> Payload:
    """Return the times at which some cues' words were said, by what the job transcribed.

    Raises:
        UnavailableOptionError: the job has transcribed nothing.
        MediaMismatchError: the text is not what is said there.
        TooMuchWorkError: it takes more memory or time than it may.
    """
    result, profile = result_of(job), job.request.profile
    until_ms = result.audio_ms if body.until_ms is None else body.until_ms
    heard = _words_between(result, body.from_ms, until_ms)
    if not heard:
        raise UnavailableOptionError("The job has no words of that part of its recording")
    own = profile.in_language(result.language)
    written = tuple(
        WrittenCue(n, 0, 0, tuple(break_lines(" ".join(c.text.split()), own, result.language)))
        for n, c in enumerate(body.cues, start=1)
    )
    track = WrittenTrack(written, result.language)
    text = await align_bounded([cue.text for cue in written], heard, max(until_ms, body.from_ms))
    if text.match.confidence < LEAST_CONFIDENCE:
        raise MediaMismatchError(text.match.confidence)
    cues = timed_cues(track, text, result.language, profile)
    return {
        "cues": [
            {"id": line.id, "start_ms": cue.span.start_ms, "end_ms": cue.span.end_ms}
            for line, cue in zip(body.cues, cues, strict=True)
        ],
        "alignment": {
            "confidence": text.match.confidence,
            "words": text.words,
            "known": text.known,
            "matched": text.match.share,
        },
    }


def _words_between(result: Result, from_ms: int, until_ms: int) -> list[Word]:
    words = heard_words(result)
    return [word for word in words if from_ms <= word.span.start_ms < until_ms]


async def peaks_of_job(job: JobRuntime, services: Services, bin_ms: int) -> Payload:
    """Return the peaks of a job's recording.

    Those that were found while it was decoded are cached; other ones are found as long as the
    server has the sound.

    Raises:
        AudioNotStoredError: it has neither.
        OverloadedError: too many wait for theirs.
        MediaError: the recording cannot be decoded.
    """
    request = job.request
    cached = await services.caches.peaks.get(
        request.source.identity, request.audio_track, request.spoken
    )
    peaks = None if cached is None else cached.in_bins(bin_ms)
    if peaks is None:
        peaks = await _found_peaks(job, services, bin_ms)
    values = base64.b64encode(peaks.values.tobytes()).decode()
    return {"bin_ms": peaks.bin_ms, "length_ms": peaks.length_ms, "peaks_base64": values}


async def _found_peaks(job: JobRuntime, services: Services, bin_ms: int) -> Peaks:
    """Decode the stored sound of a job's recording."""
    places = _places.setdefault(
        asyncio.get_running_loop(), FairPlaces(_PLACES, _WAITING_MOST, _CALLER_SHARE)
    )
    async with AsyncExitStack() as stack:
        file = await stored_media(job, services)
        if file is None:
            raise AudioNotStoredError("The sound of this job is not stored on the server")
        stack.callback(file.close)
        await stack.enter_async_context(places.place())
        wish = TrackWish(job.request.audio_track, job.request.spoken)
        sound = UploadedFile(file.path, file.content)
        media = await services.opener.open(sound, wish=wish)
        await stack.enter_async_context(aclosing(media))
        return await find_peaks(media.blocks, bin_ms)
