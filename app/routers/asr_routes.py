"""`/asr`, `/detect-language`, `/status`: whisper-asr-webservice as Bazarr and others call it.

Source: https://github.com/ahmetoner/whisper-asr-webservice and Bazarr's provider `whisperai`.
"""

from __future__ import annotations

from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from app.domain.errors import InvalidFieldError
from app.domain.request import SpeakerCount, UploadedFile
from app.domain.version import __version__
from app.routers.access.api_keys import caller_of, require_key
from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.dependencies import ServicesDep, require_admission
from app.routers.described import TEXT, described
from app.routers.edge.request_body import upload
from app.routers.film_answers import FilmFile, film_file, film_language_answer
from app.routers.raised_errors import JOB_ERRORS, raises
from app.submission.asr_output import FORMAT_NAMES, AsrFormat
from app.submission.asr_wish import AsrWish
from app.submission.spoken_head import SPEECH_S, HeardPart

log = structlog.get_logger()

_NAME_CHARS = 300
_LAST_OFFSET_S = 86_400


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
    kind: AsrFormat = next((each for each in FORMAT_NAMES if each == output), "txt")
    wanted = FilmFile(kind, word_timestamps)
    return await film_file(request, wish, wanted, is_headerless=not encode)


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
    request: Request,
    encode: Encode = True,
    detect_lang_offset: Annotated[int, Query(description="Seconds to pass over")] = 0,
    detect_lang_length: Annotated[int, Query(description="Seconds of speech, 30 at most")] = 30,
    video_file: VideoFile = "",
) -> Response:
    """Answer with the language of the first 30 s of speech, or with an empty object."""
    _log_name(video_file)
    wish = AsrWish(
        "transcribe", "", "", False, SpeakerCount(), caller_of(request), caller_name(request)
    )
    part = HeardPart(
        min(max(detect_lang_offset, 0), _LAST_OFFSET_S), min(max(detect_lang_length, 1), SPEECH_S)
    )
    return JSONResponse(await film_language_answer(request, wish, part, is_headerless=not encode))


@status_router.get("/status", **described("getAsrStatus", "Say which version runs", Version))
async def status() -> Version:
    """Answer Bazarr's test of its connection, which brings no key."""
    return Version(version=f"Cuestream {__version__}")


def _log_name(video_file: str) -> None:
    """Log the client's name of a film, escaped; nothing is ever opened by it."""
    if video_file:
        log.info("film", video_file=ascii(video_file[:_NAME_CHARS]))
