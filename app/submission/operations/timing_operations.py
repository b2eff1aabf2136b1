"""Operations on subtitles with their media: times mended, a text timed."""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from app.container import Services
from app.domain.cue import Cue
from app.domain.errors import (
    BadRequestError,
    InvalidFieldError,
    MediaMismatchError,
    NoSpeechError,
)
from app.domain.events import Notice, Result
from app.domain.language import Language
from app.domain.profile import ReadingProfile
from app.domain.request import JobRequest, MediaUrl, Source, UploadedFile
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.domain.written_cue import WrittenCue
from app.services.captions.written_cues import WrittenTrack
from app.services.layout.segment_words import words_of
from app.services.layout.width import text_width
from app.services.net.fetch import check_url
from app.services.pipeline.detected_speech import DetectedSpeech, detect_speech
from app.services.quality.job_quality import measure_bounded
from app.services.quality.quality_report import check_bounded
from app.services.retiming.aligned_text import AlignedText, align_text
from app.services.retiming.speech_sync import find_sync
from app.services.retiming.sync import Sync, require_confidence
from app.services.retiming.words_sync import find_words_sync
from app.services.stages.cues import CueLayout
from app.submission.job_payloads import Payload
from app.submission.operations.file_operations import written_cues, written_track
from app.submission.operations.operation_answer import (
    subtitles_payload,
    sync_payload,
)
from app.submission.operations.operation_body import AlignBody, MediaFields, RetimeBody
from app.submission.quality_payload import score_payload
from app.submission.submit import check_request, submit
from app.system.bounded_work import work_on
from app.system.fair_places import FairPlaces
from app.system.thread_groups import DISK
from app.system.workdir import WorkDir, storage_errors

LEAST_CONFIDENCE = 0.8
"""A synchronization below this is refused: chance reaches 0.2, files that belong together 0.95."""

_PLACES = 2
_WAITING_MOST = 32
_CALLER_SHARE = 4
"""Recordings in which speech is detected at a time, and requests that wait for that."""

_TEXT_CHARS = 2_000_000
"""Of a text to align: ten long novels."""

_MS_PER_CHAR = 50
_CUE_CHARS = 60
"""Synchronizing takes as long as reading so much text: a film by a process of its own."""

_WORD_CHARS = 8
"""Matching a transcribed word takes about as long as reading so much text."""

_PAUSE_MS = 700
"""Silence between words of a text at which a cue may not go on."""

_places: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, FairPlaces] = (
    weakref.WeakKeyDictionary()
)


@dataclass(frozen=True, slots=True)
class Owner:
    """Who asks: for accounts, and whose places are taken."""

    caller: str
    holder: str


@asynccontextmanager
async def media_of(
    body: MediaFields, upload: UploadedFile | None, services: Services
) -> AsyncIterator[Source]:
    """Give the media of a body; files of it are removed at the end.

    Raises:
        BadRequestError: there is none, or more than one.
        UrlBlockedError: it is at an address that must not be reached.
        UploadNotFoundError: no such upload.
    """
    if sum(map(bool, (upload, body.url, body.upload_id))) != 1:
        if upload is not None:
            upload.path.unlink(missing_ok=True)
        raise BadRequestError("Send one recording: a file, a url or an upload_id")
    if body.url:
        check_url(body.url)
        yield MediaUrl(body.url)
        return
    if upload is None:
        upload = await services.uploads.claim(body.upload_id or "", services.workdir)
    try:
        yield upload
    finally:
        upload.path.unlink(missing_ok=True)


async def retimed(
    body: RetimeBody,
    media: UploadedFile | None,
    services: Services,
    owner: Owner,
    notices: Sequence[Notice] = (),
) -> Payload:
    """Return subtitles with the times of a recording.

    Raises:
        BadRequestError: the body is wrong, or the subtitles cannot be read.
        MediaMismatchError: they do not belong together, as far as can be told.
        CuestreamError: the media cannot be read.
    """
    async with media_of(body, media, services) as source:
        body.check_formats()
        profile, sent = body.reading_profile(services.settings), body.track()
        track = _shown(await written_track(sent, profile))
        sync, said = await _sync(body, track, source, services, owner)
    spans = sync.mended([_span(cue) for cue in track.cues])
    cues = written_cues(track.cues, track.language, spans)
    said = [*notices, *track.notices, *said, *_cut_notices(track.cues, spans, sync)]
    payload = await subtitles_payload(cues, track.language, profile, body.formats, said)
    moved = [
        replace(cue, start_ms=span.start_ms, end_ms=span.end_ms)
        for cue, span in zip(track.cues, spans, strict=True)
    ]
    report = await check_bounded(moved, profile, track.language)
    return {**payload, "sync": sync_payload(sync), "quality": score_payload(report.summary)}


def _shown(track: WrittenTrack) -> WrittenTrack:
    """Return the cues with a text, in order of time, counted anew."""
    cues = sorted((cue for cue in track.cues if cue.lines), key=lambda cue: cue.start_ms)
    return replace(track, cues=tuple(replace(c, number=n) for n, c in enumerate(cues, start=1)))


def _span(cue: WrittenCue) -> Span:
    start_ms = max(0, cue.start_ms)
    return Span(start_ms, max(start_ms + 1, cue.end_ms))


async def _sync(
    body: RetimeBody, track: WrittenTrack, source: Source, services: Services, owner: Owner
) -> tuple[Sync, list[Notice]]:
    spans = [_span(cue) for cue in track.cues]
    found: Sync | None = None
    notices: list[Notice] = []
    if body.method != "words":
        speech = await _detected(source, services, owner)
        notices += speech.notices
        results = await work_on(
            _by_speech,
            [spans, list(speech.spans)],
            speech.length_ms,
            chars=speech.length_ms // _MS_PER_CHAR + _CUE_CHARS * len(spans),
        )
        found = results[0]
    sure = found is not None and found.confidence >= LEAST_CONFIDENCE
    if body.method == "words" or (body.method == "auto" and not sure):
        result = await _transcribed(source, body.spoken(), services, owner)
        notices += result.notices
        heard = words_of_result(result)
        texts = [cue.text for cue in track.cues]
        results = await work_on(
            _by_words, [spans, texts, heard], chars=sum(map(len, texts)) + 8 * len(heard)
        )
        found = results[0] or found
    return require_confidence(found, LEAST_CONFIDENCE), notices


def _by_speech(parts: list[list[Span]], length_ms: int) -> list[Sync | None]:
    return [find_sync(parts[0], parts[1], length_ms)]


def _by_words(parts: list[list[object]]) -> list[Sync | None]:
    spans, texts, heard = parts
    return [
        find_words_sync(
            cast("list[Span]", spans), cast("list[str]", texts), cast("list[Word]", heard)
        )
    ]


async def _detected(source: Source, services: Services, owner: Owner) -> DetectedSpeech:
    """Detect the speech of a recording, when a place is free.

    Raises:
        OverloadedError: too many wait for one.
        NoSpeechError: nobody speaks in it.
        CuestreamError: it cannot be decoded.
    """
    vad = services.readiness.engine_manager.engines.vad
    with services.address_checks.place(owner.holder):
        await services.opener.check(source)
    loop = asyncio.get_running_loop()
    places = _places.setdefault(loop, FairPlaces(_PLACES, _WAITING_MOST, _CALLER_SHARE))
    async with places.place():
        speech = await detect_speech(services.opener, vad, services.settings.vad, source)
    if not speech.spans:
        raise NoSpeechError("No speech was found", speech.length_ms)
    return speech


async def _transcribed(
    source: Source, spoken: Language | None, services: Services, owner: Owner
) -> Result:
    """Transcribe a recording as a job, which shares the device and the caches with all others.

    Raises:
        CuestreamError: the job cannot begin, or failed.
    """
    if isinstance(source, UploadedFile):
        # The job removes its file, which others still read.
        source = replace(source, path=await DISK.run(_linked, source, services.workdir))
    request = JobRequest(
        source,
        spoken=spoken,
        force_whisper=True,
        reuse_transcript=True,
        caller=owner.caller,
        audience="batch",
        holder=owner.holder,
    )
    try:
        await check_request(services, request)
        job = await submit(services, request)
    except BaseException:
        if isinstance(source, UploadedFile):
            source.path.unlink(missing_ok=True)
        raise
    job.attach()
    try:
        return await job.wait_for_result()
    finally:
        job.detach(0)


def _linked(upload: UploadedFile, workdir: WorkDir) -> Path:
    path = workdir.new_file(".upload")
    with storage_errors():
        path.unlink()
        os.link(upload.path, path)
    return path


def words_of_result(result: Result) -> list[Word]:
    """Return the transcribed words of a result in order, each with a time."""
    profile = ReadingProfile("words")
    return [word for segment in result.segments for word in words_of(segment, profile)]


def _cut_notices(cues: Sequence[WrittenCue], spans: Sequence[Span], sync: Sync) -> list[Notice]:
    """Return a notice where cues lie ahead of the recording's beginning."""
    early = sum(
        round(cue.end_ms * sync.ratio) + sync.pieces[0].offset_ms <= 0
        for cue, span in zip(cues, spans, strict=True)
        if span.start_ms == 0
    )
    if not early:
        return []
    text = f"{early} cues lie ahead of the recording and stand at its beginning"
    return [Notice("cues_outside_media", text)]


async def aligned(
    body: AlignBody,
    media: UploadedFile | None,
    services: Services,
    owner: Owner,
    notices: Sequence[Notice] = (),
) -> Payload:
    """Return a text, or subtitles, with the times at which their words are said.

    Raises:
        BadRequestError: the body is wrong, or the subtitles cannot be read.
        MediaMismatchError: the text is not what is said.
        CuestreamError: the media cannot be transcribed.
    """
    async with media_of(body, media, services) as source:
        body.check_formats()
        body.check()
        profile = body.reading_profile(services.settings)
        track, paragraphs = await _given(body, profile)
        result = await _transcribed(source, body.spoken(), services, owner)
    heard = words_of_result(result)
    text = await align_bounded(paragraphs, heard, result.audio_ms)
    if text.match.confidence < LEAST_CONFIDENCE:
        raise MediaMismatchError(text.match.confidence)
    language = (track.language if track else None) or "und"
    language = result.language if language == "und" else language
    if track is None:
        chars = sum(map(len, paragraphs)) + _WORD_CHARS * len(heard)
        cues = await work_on(_laid_out, [text], language, profile, chars=chars)
    else:
        cues = timed_cues(track, text, language, profile)
    said = [*notices, *(track.notices if track else ()), *result.notices, *_unheard(text)]
    quality = await measure_bounded(cues, profile, language)
    said += quality.notices
    payload = await subtitles_payload(cues, language, profile, body.formats, said)
    return {
        **payload,
        "alignment": {
            "confidence": text.match.confidence,
            "words": text.words,
            "known": text.known,
            "matched": text.match.share,
        },
        "quality": score_payload(quality.score),
    }


async def _given(body: AlignBody, profile: ReadingProfile) -> tuple[WrittenTrack | None, list[str]]:
    if body.captions:
        track = _shown(await written_track(body.track(), profile))
        return track, [cue.text for cue in track.cues]
    text = body.text or ""
    if len(text) > _TEXT_CHARS:
        raise InvalidFieldError(f"text: at most {_TEXT_CHARS} characters")
    return None, [line for line in map(str.strip, text.splitlines()) if line]


async def align_bounded(paragraphs: list[str], heard: list[Word], length_ms: int) -> AlignedText:
    """Find the times of a text's words where that delays nothing else; see `align_text`.

    Raises:
        TooMuchWorkError: it takes more memory or time than it may.
    """
    chars = sum(map(len, paragraphs)) + _WORD_CHARS * len(heard)
    found = await work_on(_aligned, [paragraphs, heard], length_ms, chars=chars)
    return found[0]


def _aligned(parts: list[list[object]], length_ms: int) -> list[AlignedText]:
    return [align_text(cast("list[str]", parts[0]), cast("list[Word]", parts[1]), length_ms)]


def _laid_out(texts: list[AlignedText], language: str, profile: ReadingProfile) -> list[Cue]:
    """Lay the words of a text out as cues."""
    layout = CueLayout(profile)
    segments = [part for words in texts[0].paragraphs for part in _without_pauses(words, language)]
    nexts = [segment.span.start_ms for segment in segments[1:]]
    ends = [*nexts, segments[-1].span.end_ms + profile.linger_ms if segments else 0]
    return [
        cue
        for segment, end_ms in zip(segments, ends, strict=True)
        for cue in layout.lay_out(replace(segment, clear_until_ms=max(end_ms, segment.span.end_ms)))
    ]


def _without_pauses(words: Sequence[Word], language: str) -> list[Segment]:
    parts: list[list[Word]] = []
    for word in words:
        if parts and word.span.start_ms - parts[-1][-1].span.end_ms < _PAUSE_MS:
            parts[-1].append(word)
        else:
            parts.append([word])
    return [
        Segment(
            " ".join(word.text for word in own),
            Span(own[0].span.start_ms, max(own[0].span.start_ms, own[-1].span.end_ms)),
            tuple(own),
            language,
        )
        for own in parts
    ]


def timed_cues(
    track: WrittenTrack, text: AlignedText, language: str, profile: ReadingProfile
) -> list[Cue]:
    """Return written cues in the times of their words, long enough to be read."""
    own = profile.in_language(language)
    starts: list[int] = []
    for words in text.paragraphs:
        before = starts[-1] + 1 if starts else 0
        starts.append(max(before, words[0].span.start_ms) if words else before)
    limits = [start - own.min_gap_ms for start in starts[1:]]
    spans = [
        _shown_span(start_ms, words, cue, limit_ms, own)
        for start_ms, words, cue, limit_ms in zip(
            starts, text.paragraphs, track.cues, [*limits, None], strict=True
        )
    ]
    return written_cues(track.cues, language, spans)


def _shown_span(
    start_ms: int,
    words: Sequence[Word],
    cue: WrittenCue,
    limit_ms: int | None,
    profile: ReadingProfile,
) -> Span:
    said_ms = max([start_ms, *(word.span.end_ms for word in words)])
    read_ms = start_ms + round(1000 * text_width(cue.text) / profile.max_cps)
    end_ms = max(
        said_ms, min(read_ms, said_ms + profile.linger_ms), start_ms + profile.min_duration_ms
    )
    end_ms = min(end_ms, start_ms + profile.max_duration_ms)
    if limit_ms is not None:
        end_ms = min(end_ms, max(limit_ms, start_ms + 1))
    return Span(start_ms, max(end_ms, start_ms + 1))


def _unheard(text: AlignedText) -> list[Notice]:
    """Return a notice of the words that were not transcribed."""
    missing = text.words - text.known
    if not missing:
        return []
    message = (
        f"{missing} of {text.words} words were not recognised; "
        "their times lie between those of their neighbours"
    )
    return [Notice("words_not_recognised", message)]
