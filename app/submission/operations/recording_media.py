"""Recordings of operations on subtitles: their files, their speech and their words."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from app.container import Services
from app.domain.errors import (
    BadRequestError,
    NoSpeechError,
)
from app.domain.events import Result
from app.domain.language import Language
from app.domain.profile import ReadingProfile
from app.domain.request import JobRequest, MediaUrl, Source, UploadedFile
from app.domain.transcript import Word
from app.services.layout.segment_words import words_of
from app.services.net.fetch import check_url
from app.services.pipeline.detected_speech import DetectedSpeech, detect_speech
from app.settings import VadSettings
from app.submission.operations.operation_body import MediaFields
from app.submission.submit import check_request, submit
from app.system.fair_places import FairPlaces
from app.system.thread_groups import DISK

_PLACES = 2
_WAITING_MOST = 32
_CALLER_SHARE = 4
"""Recordings in which speech is detected at a time, and requests that wait for that."""

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


async def detected(
    source: Source, services: Services, owner: Owner, settings: VadSettings | None = None
) -> DetectedSpeech:
    """Detect the speech of a recording, when a place is free.

    Args:
        source: the recording.
        services: of the process.
        owner: who asks.
        settings: what counts as speech; None for the server's own.

    Raises:
        OverloadedError: too many wait for one.
        NoSpeechError: it has no speech.
        CuestreamError: it cannot be decoded.
    """
    vad = services.readiness.engine_manager.engines.vad
    with services.address_checks.place(owner.holder):
        await services.opener.check(source)
    loop = asyncio.get_running_loop()
    places = _places.setdefault(loop, FairPlaces(_PLACES, _WAITING_MOST, _CALLER_SHARE))
    async with places.place():
        speech = await detect_speech(
            services.opener, vad, settings or services.settings.vad, source
        )
    if not speech.spans:
        raise NoSpeechError("No speech was found", speech.length_ms)
    return speech


async def transcribed(
    source: Source, spoken: Language | None, services: Services, owner: Owner
) -> Result:
    """Transcribe a recording as a job, which shares the device and the caches with all others.

    Raises:
        CuestreamError: the job cannot begin, or failed.
    """
    if isinstance(source, UploadedFile):
        # The job removes its file, which others still read.
        source = replace(
            source, path=await DISK.run(services.workdir.new_link, source.path, ".upload")
        )
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


def heard_words(result: Result) -> list[Word]:
    """Return the transcribed words of a result in order, each with a time."""
    profile = ReadingProfile("words")
    return [word for segment in result.segments for word in words_of(segment, profile)]
