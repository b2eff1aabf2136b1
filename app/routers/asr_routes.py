"""`/asr`, `/detect-language`, `/status`: whisper-asr-webservice as Bazarr and others call it.

Source: https://github.com/ahmetoner/whisper-asr-webservice and Bazarr's provider `whisperai`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine
from typing import Annotated, Any
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from app.container import Services
from app.domain.errors import InvalidFieldError, NoSpeechError
from app.domain.events import Result
from app.domain.profile import profile_named
from app.domain.request import JobRequest, Source, SpeakerCount, UploadedFile
from app.domain.version import __version__
from app.routers.access.api_keys import caller_of, require_key
from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.dependencies import ServicesDep, require_admission, services_of
from app.routers.described import TEXT, described
from app.routers.disconnect import cancel_on_disconnect
from app.routers.edge.request_body import upload
from app.routers.error_shapes import plain_text
from app.routers.film_upload import FilmUpload
from app.routers.patient_text import LateText, patient_text
from app.routers.raised_errors import JOB_ERRORS, raises
from app.submission.asr_output import FORMAT_NAMES, AsrFormat, asr_text
from app.submission.asr_wish import AsrWish
from app.submission.audio_output import silent
from app.submission.film_jobs import FilmJobs
from app.submission.run_to_end import run_made
from app.submission.spoken_head import HEAD_S, language_answer, write_first_speech
from app.system.thread_groups import DISK

log = structlog.get_logger()

_PLAIN = "text/plain; charset=utf-8"
_NOTHING = b"nothing"
"""What ends a late answer that would be empty: a file of spaces is read as one without cues, which
Bazarr would store."""

_BYTES_PER_S = 32_000
_NAME_CHARS = 300


class Version(BaseModel):
    """What runs here, as Bazarr shows it."""

    version: str


class DetectedLanguage(BaseModel):
    """A language; all fields are missing where it could not be told."""

    detected_language: str | None = None
    language_code: str | None = None
    confidence: float | None = None


_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["audio_file"],
                    "properties": {"audio_file": {"type": "string", "format": "binary"}},
                },
                "example": {"audio_file": "film.wav"},
            }
        },
    }
}
_HEADERS = {
    "Asr-Engine": {"description": "What transcribes", "schema": TEXT},
    "Content-Disposition": {"description": "Name of the file", "schema": TEXT},
}

router = APIRouter(
    tags=["subtitles"],
    dependencies=[Depends(require_key), Depends(require_admission), upload()],
    route_class=GuardedRoute,
)
status_router = APIRouter(tags=["health"])

Encode = Annotated[bool, Query(description="false: bare samples, s16le mono at 16 kHz")]
VideoFile = Annotated[str, Query(description="Path of the film at the client; only logged")]


@router.post(
    "/asr",
    **described(
        "asr",
        "Transcribe a film as whisper-asr-webservice does",
        content={"text/plain": {"schema": TEXT}},
        headers=_HEADERS,
        extra=_FORM,
    ),
)
@raises(*JOB_ERRORS)
async def asr(
    request: Request,
    services: ServicesDep,
    encode: Encode = True,
    task: Annotated[str, Query(description="transcribe, or translate into English")] = "transcribe",
    language: Annotated[str, Query(description="Spoken language; empty to detect it")] = "",
    initial_prompt: Annotated[str, Query(description="Words that are likely to occur")] = "",
    word_timestamps: Annotated[bool, Query(description="Times of words, in JSON")] = False,
    diarize: Annotated[bool, Query(description="Tell speakers apart")] = False,
    min_speakers: Annotated[int | None, Query(ge=1, le=100)] = None,
    max_speakers: Annotated[int | None, Query(ge=1, le=100)] = None,
    output: Annotated[str, Query(description="txt, vtt, srt, tsv or json; else txt")] = "txt",
    video_file: VideoFile = "",
) -> Response:
    """Answer with the file as text; bare samples are transcribed while they arrive.

    A late answer in SRT or JSON begins with spaces, an error after them is a line of text.
    """
    if task not in ("transcribe", "translate"):
        raise InvalidFieldError("task: transcribe or translate")
    wish = AsrWish(
        "translate" if task == "translate" else "transcribe",
        language.strip(),
        initial_prompt,
        diarize,
        SpeakerCount(None, min_speakers, max_speakers),
        caller_of(request),
        caller_name(request),
    )
    if services.readiness.loaded:
        wish.request(services, UploadedFile(services.workdir.path, ""))  # before anything is read
    _log_name(video_file)
    film = FilmUpload(
        request, services, is_headerless=not encode, kept_bytes=services.settings.max_upload_bytes
    )
    receiving = asyncio.create_task(film.receive())
    kind: AsrFormat = next((each for each in FORMAT_NAMES if each == output), "txt")
    written = _written(request, film, receiving, wish, kind, has_words=word_timestamps)
    work = asyncio.create_task(written)
    try:
        await asyncio.wait({receiving})
    except asyncio.CancelledError:
        receiving.cancel()
        work.cancel()
        raise
    name = "" if receiving.exception() else receiving.result()
    headers = {
        "Asr-Engine": services.settings.asr.engine,
        "Content-Disposition": f'attachment; filename="{quote(name)}.{kind}"',
    }
    filler = b" " if kind in ("srt", "json") else b""
    late = LateText(_PLAIN, headers, filler, nothing=_NOTHING, failure=plain_text)
    return await patient_text(request, work, late)


async def _written(
    request: Request,
    film: FilmUpload,
    receiving: asyncio.Task[str],
    wish: AsrWish,
    kind: AsrFormat,
    *,
    has_words: bool,
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
    return await asr_text(result, kind, profile, has_words=has_words)


@router.post(
    "/detect-language",
    **described(
        "detectLanguage",
        "Detect the language of a film by its first speech",
        DetectedLanguage,
        extra=_FORM,
    ),
)
@raises(*JOB_ERRORS)
async def detect_language(
    request: Request, services: ServicesDep, encode: Encode = True, video_file: VideoFile = ""
) -> Response:
    """Answer with the language of the first 30 s of speech, or with an empty object."""
    _log_name(video_file)
    kept = HEAD_S * _BYTES_PER_S if not encode else services.settings.max_upload_bytes
    film = FilmUpload(request, services, is_headerless=not encode, kept_bytes=kept)
    try:
        await film.receive()
        answer = await cancel_on_disconnect(request, _detected(request, services, film))
    finally:
        await film.close()
    return JSONResponse(answer)


def _detected(
    request: Request, services: Services, film: FilmUpload
) -> Coroutine[Any, Any, dict[str, object]]:
    wish = AsrWish(
        "transcribe", "", "", False, SpeakerCount(), caller_of(request), caller_name(request)
    )

    async def detected() -> dict[str, object]:
        jobs: FilmJobs = request.app.state.film_jobs
        await jobs.hold(wish.holder)
        await services.readiness.wait()
        head = services.workdir.new_file(".wav")
        try:
            if not await write_first_speech(services, film.path, head):
                return {}
            return language_answer(await _heard(services, wish, head.read_bytes()))
        except NoSpeechError:
            return {}
        finally:
            head.unlink(missing_ok=True)

    return detected()


async def _heard(services: Services, wish: AsrWish, wav: bytes) -> Result:
    async def made() -> JobRequest:
        path = services.workdir.new_file(".wav")
        await DISK.run(path.write_bytes, wav)
        return wish.request(services, UploadedFile(path, hashlib.sha256(wav).hexdigest()))

    return await run_made(services, made)


@status_router.get("/status", **described("getAsrStatus", "Say which version runs", Version))
async def status() -> Version:
    """Answer Bazarr's test of its connection, which brings no key."""
    return Version(version=f"Cuestream {__version__}")


def _log_name(video_file: str) -> None:
    """Log the client's name of a film, escaped; nothing is ever opened by it."""
    if video_file:
        log.info("film", video_file=ascii(video_file[:_NAME_CHARS]))
