"""Subtitles with the times of a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from app.container import Services
from app.domain.events import Notice
from app.domain.request import Source, UploadedFile
from app.domain.time import Span
from app.domain.transcript import Word
from app.domain.written_cue import WrittenCue
from app.services.captions.written_cues import WrittenTrack
from app.services.quality.quality_report import check_bounded
from app.services.retiming.speech_sync import find_sync
from app.services.retiming.sync import Sync, require_confidence
from app.services.retiming.words_sync import find_words_sync
from app.submission.job_payloads import Payload
from app.submission.operations.file_operations import written_cues, written_track
from app.submission.operations.operation_answer import (
    subtitles_payload,
    sync_payload,
)
from app.submission.operations.operation_body import RetimeBody
from app.submission.operations.recording_media import (
    Owner,
    detected,
    heard_words,
    media_of,
    transcribed,
)
from app.submission.operations.timed_track import LEAST_CONFIDENCE, shown_cues
from app.submission.quality_payload import score_payload
from app.system.bounded_work import work_on

_MS_PER_CHAR = 50
_CUE_CHARS = 60
"""Synchronizing takes as long as reading so much text: a film by a process of its own."""


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
        track = shown_cues(await written_track(sent, profile))
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
        speech = await detected(source, services, owner)
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
        result = await transcribed(source, body.spoken(), services, owner)
        notices += result.notices
        heard = heard_words(result)
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
