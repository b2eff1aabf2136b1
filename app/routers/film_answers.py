"""Answers for films: their subtitles or their language, as whisper-asr-webservice writes them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response

from app.domain.errors import NoSpeechError
from app.domain.profile import profile_named
from app.domain.request import JobRequest, Source
from app.routers.dependencies import services_of
from app.routers.disconnect import cancel_on_disconnect
from app.routers.error_shapes import plain_text
from app.routers.film_upload import FilmUpload
from app.routers.patient_text import LateText, patient_text
from app.submission.asr_output import AsrFormat, asr_text
from app.submission.asr_wish import AsrWish
from app.submission.audio_output import silent
from app.submission.film_jobs import FilmJobs
from app.submission.spoken_head import HeardPart

_PLAIN = "text/plain; charset=utf-8"
_NOTHING = b"nothing"
"""What ends a late answer that would be empty: a file of spaces is read as one without cues, which
Bazarr would store."""

_BYTES_PER_S = 32_000


@dataclass(frozen=True, slots=True)
class FilmFile:
    """What is written of a film.

    Attributes:
        kind: the format.
        has_words: whether JSON has the times of words.
    """

    kind: AsrFormat
    has_words: bool


async def film_file(
    request: Request, wish: AsrWish, wanted: FilmFile, *, is_headerless: bool
) -> Response:
    """Receive a film and answer with its file; bare samples are transcribed while they arrive.

    Args:
        request: with the film as a form.
        wish: what is wanted of it.
        wanted: how it is written.
        is_headerless: whether the client says that it sends bare samples.

    Raises:
        CuestreamError: the film is bad, its job failed, or its client left.
    """
    services = services_of(request)
    film = FilmUpload(
        request,
        services,
        is_headerless=is_headerless,
        kept_bytes=services.settings.max_upload_bytes,
    )
    receiving = asyncio.create_task(film.receive())
    work = asyncio.create_task(_written(request, film, receiving, wish, wanted))
    try:
        await asyncio.wait({receiving})
    except asyncio.CancelledError:
        receiving.cancel()
        work.cancel()
        await asyncio.gather(receiving, work, return_exceptions=True)
        raise
    if (error := receiving.exception()) is not None:
        # Its work ends by itself, and has to: it removes what was written of the film.
        await asyncio.gather(work, return_exceptions=True)
        raise error
    name = receiving.result()
    headers = {
        "Asr-Engine": services.settings.asr.engine,
        "Content-Disposition": f'attachment; filename="{quote(name)}.{wanted.kind}"',
    }
    filler = b" " if wanted.kind in ("srt", "json") else b""
    late = LateText(_PLAIN, headers, filler, nothing=_NOTHING, failure=plain_text)
    return await patient_text(request, work, late)


async def _written(
    request: Request,
    film: FilmUpload,
    receiving: asyncio.Task[str],
    wish: AsrWish,
    wanted: FilmFile,
) -> str:
    services = services_of(request)
    jobs: FilmJobs = request.app.state.film_jobs

    def make(source: Source) -> JobRequest:
        return wish.request(services, source)

    try:
        result = await jobs.result(
            film.upload, receiving, make, wish.holder, is_stream=film.is_headerless
        )
    except NoSpeechError as error:
        result = silent(wish.language, error.audio_ms)
    finally:
        await film.close()
    profile = profile_named(services.settings.jobs.default_profile)
    return await asr_text(result, wanted.kind, profile, has_words=wanted.has_words)


async def film_language_answer(
    request: Request, wish: AsrWish, part: HeardPart, *, is_headerless: bool
) -> dict[str, object]:
    """Receive a film and return its language, empty where it cannot be told.

    Args:
        request: with the film as a form.
        wish: whose work it is.
        part: of the film that is heard.
        is_headerless: whether the client says that it sends bare samples; those that are not
            looked at are not kept.

    Raises:
        CuestreamError: the film is bad, its job failed, or its client left.
    """
    services = services_of(request)
    kept = part.end_s * _BYTES_PER_S if is_headerless else services.settings.max_upload_bytes
    film = FilmUpload(request, services, is_headerless=is_headerless, kept_bytes=kept)
    try:
        await film.receive()
        jobs: FilmJobs = request.app.state.film_jobs
        return await cancel_on_disconnect(request, jobs.language(film.path, part, wish))
    finally:
        await film.close()
