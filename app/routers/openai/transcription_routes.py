"""`/v1/audio/transcriptions` and `/v1/audio/translations`.

Source: https://platform.openai.com/docs/api-reference/audio/createTranscription
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from app.domain.errors import BadRequestError, CuestreamError, InvalidFormatError, NotReadyError
from app.domain.request import UploadedFile
from app.routers.access.api_keys import require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.dependencies import ServicesDep, require_admission, services_of
from app.routers.described import TEXT, described
from app.routers.edge.request_body import form_or_json
from app.routers.openai.transcription_events import stream_transcription
from app.routers.openai.transcription_form import FormFields, read_transcription_form
from app.routers.openai.transcription_work import TranscriptionWork
from app.routers.patient_json import patient_json
from app.routers.patient_text import LateText, patient_text
from app.routers.raised_errors import JOB_ERRORS, answers_late, raises
from app.submission.openai_request import (
    ALL_FORMATS,
    LIST_FIELDS,
    SINGLE_FIELDS,
    transcription_options,
)
from app.submission.openai_transcription import transcription_payload

_LOADING = "Model not loaded yet. Please try again in a few moments."
_MEDIA_TYPES = {"text": "text/plain", "srt": "application/x-subrip", "vtt": "text/vtt"}
_PATIENT_TEXTS = frozenset({"srt"})
"""Files that may begin with white space."""
_TRANSLATION_FORMATS = tuple(name for name in ALL_FORMATS if name != "diarized_json")
_MEDIA_HEADER = {"X-Job-Id": {"description": "Id of a streamed job", "schema": TEXT}}

_STRINGS: dict[str, Any] = {
    name: {"type": "string"} for name in SINGLE_FIELDS if "[" not in name
} | {f"{name}[]": {"type": "array", "items": {"type": "string"}} for name in LIST_FIELDS}
_STRINGS["response_format"] = {"type": "string", "enum": list(ALL_FORMATS)}


def _body(*leave_out: str) -> dict[str, Any]:
    fields = {name: schema for name, schema in _STRINGS.items() if name not in leave_out}
    form = {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}, **fields},
    }
    sound = {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "string"}, "format": {"type": "string"}},
    }
    spoken = {"type": "object", "required": ["input_audio"], "properties": {"input_audio": sound}}
    content = {
        "multipart/form-data": {
            "schema": form,
            "example": {"file": "talk.wav", "model": "whisper-1"},
        },
        "application/json": {
            "schema": spoken,
            "example": {"model": "whisper-1", "input_audio": {"data": "UklGRg==", "format": "wav"}},
        },
    }
    return {"requestBody": {"required": True, "content": content}}


async def _require_models(request: Request) -> None:
    """Refuse a file while models load: it would lie here for as long.

    Raises:
        NotReadyError: they do.
    """
    if services_of(request).readiness.state == "loading":
        raise NotReadyError(_LOADING, retry_after_s=10)


router = APIRouter(
    prefix="/v1/audio",
    tags=["subtitles"],
    dependencies=[
        Depends(require_key),
        rate_limited("process"),
        Depends(require_admission),
        Depends(_require_models),
        form_or_json(),
    ],
    route_class=GuardedRoute,
)


@router.post(
    "/transcriptions",
    **described(
        "createTranscription",
        "Transcribe a file as OpenAI's API does",
        dict[str, Any],
        content={kind: {"schema": TEXT} for kind in (*_MEDIA_TYPES.values(), "text/event-stream")},
        headers=_MEDIA_HEADER,
        extra=_body(),
    ),
)
@raises(*JOB_ERRORS, BadRequestError)
@answers_late
async def transcriptions(request: Request, services: ServicesDep) -> Response:
    """Transcribe a file; any model name is the model of this server."""
    fields, file = await read_transcription_form(request, services)
    return await _answer(request, _work(request, fields, file))


@router.post(
    "/translations",
    **described(
        "createTranslation",
        "Translate the speech of a file into English as OpenAI's API does",
        dict[str, Any],
        content={kind: {"schema": TEXT} for kind in (*_MEDIA_TYPES.values(), "text/event-stream")},
        headers=_MEDIA_HEADER,
        extra=_body(),
    ),
)
@raises(*JOB_ERRORS, BadRequestError)
@answers_late
async def translations(request: Request, services: ServicesDep) -> Response:
    """Translate a file's speech into English; any model name is the model of this server."""
    fields, file = await read_transcription_form(request, services)
    return await _answer(request, _work(request, fields, file, into_english=True))


def _work(
    request: Request, fields: FormFields, file: UploadedFile, *, into_english: bool = False
) -> TranscriptionWork:
    """Return the work for checked fields; the file of refused ones is removed."""
    try:
        options = transcription_options(fields)
        if into_english and options.diarized:
            raise InvalidFormatError(options.kind, _TRANSLATION_FORMATS)
    except CuestreamError:
        file.path.unlink(missing_ok=True)
        raise
    return TranscriptionWork(request, options, file, into_english=into_english)


async def _answer(request: Request, work: TranscriptionWork) -> Response:
    """Return the answer in the wanted form; a late JSON or SRT begins with white space."""
    options = work.options
    silence_s = services_of(request).settings.server.sync_keepalive_after_s
    if options.stream:
        return await stream_transcription(request, work)
    if options.kind not in _MEDIA_TYPES:
        return await patient_json(request, _payload(work), silence_s)
    media_type = _MEDIA_TYPES[options.kind]
    filler = b"\n" if options.kind in _PATIENT_TEXTS else b""
    return await patient_text(request, _text(work), LateText(media_type, filler=filler))


async def _payload(work: TranscriptionWork) -> object:
    return await transcription_payload(await work.result(), work.output(), work.options)


async def _text(work: TranscriptionWork) -> str:
    output = await work.output().written(await work.result())
    return str(output["text"])
