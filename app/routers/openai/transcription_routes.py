"""`/v1/audio/transcriptions` and `/v1/audio/translations`.

Source: https://platform.openai.com/docs/api-reference/audio/createTranscription
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.domain.errors import BadRequestError, CuestreamError, InvalidFormatError
from app.domain.request import UploadedFile
from app.routers.access.guarded_route import GuardedRoute
from app.routers.dependencies import ServicesDep, services_of
from app.routers.described import TEXT, described
from app.routers.openai.sound_routes import CHECKS, sound_body
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
    TARGET,
    transcription_options,
    translation_target,
)
from app.submission.openai_transcription import transcription_payload

_MEDIA_TYPES = {"text": "text/plain", "srt": "text/plain", "vtt": "text/vtt"}
"""As the vendor answers, whose SDK's version 0.28 takes all but plain text for JSON; but callers of
Parakeet's route read WebVTT by its own type."""

_CONTENT_TYPES = (*dict.fromkeys(_MEDIA_TYPES.values()), "text/event-stream")
_PATIENT_TEXTS = frozenset({"srt"})
"""Files that may begin with white space."""
_TRANSLATION_FORMATS = tuple(name for name in ALL_FORMATS if name != "diarized_json")
_MEDIA_HEADER = {"X-Job-Id": {"description": "Id of a streamed job", "schema": TEXT}}

_STRINGS: dict[str, Any] = {
    name: {"type": "string"} for name in SINGLE_FIELDS if "[" not in name and name != TARGET
} | {f"{name}[]": {"type": "array", "items": {"type": "string"}} for name in LIST_FIELDS}
_STRINGS["response_format"] = {"type": "string", "enum": list(ALL_FORMATS)}
_TRANSLATION_STRINGS = {
    **_STRINGS,
    "response_format": {"type": "string", "enum": list(_TRANSLATION_FORMATS)},
    TARGET: {"type": "string", "description": "Language of the text; English if absent"},
}

router = APIRouter(
    prefix="/v1/audio", tags=["subtitles"], dependencies=CHECKS, route_class=GuardedRoute
)


@router.post(
    "/transcriptions",
    **described(
        "createTranscription",
        "Transcribe a file as OpenAI's API does",
        dict[str, Any],
        content={kind: {"schema": TEXT} for kind in _CONTENT_TYPES},
        headers=_MEDIA_HEADER,
        extra=sound_body(_STRINGS),
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
        "Translate the speech of a file as OpenAI's API does",
        dict[str, Any],
        content={kind: {"schema": TEXT} for kind in _CONTENT_TYPES},
        headers=_MEDIA_HEADER,
        extra=sound_body(_TRANSLATION_STRINGS),
    ),
)
@raises(*JOB_ERRORS, BadRequestError)
@answers_late
async def translations(request: Request, services: ServicesDep) -> Response:
    """Translate a file's speech, into English unless `to_language` says otherwise."""
    fields, file = await read_transcription_form(request, services)
    return await _answer(request, _work(request, fields, file, translates=True))


def _work(
    request: Request, fields: FormFields, file: UploadedFile, *, translates: bool = False
) -> TranscriptionWork:
    """Return the work for checked fields; the file of refused ones is removed."""
    try:
        options = transcription_options(fields)
        target = translation_target(fields) if translates else None
        if translates and options.diarized:
            raise InvalidFormatError(options.kind, _TRANSLATION_FORMATS)
    except CuestreamError:
        file.path.unlink(missing_ok=True)
        raise
    return TranscriptionWork(request, options, file, target)


async def _answer(request: Request, work: TranscriptionWork) -> Response:
    """Return the answer in the wanted form; a late JSON or SRT begins with white space."""
    options = work.options
    silence_s = services_of(request).settings.server.sync_keepalive_after_s
    if options.stream:
        return await stream_transcription(request, work)
    if options.kind not in _MEDIA_TYPES:
        return await patient_json(request, _payload(work), silence_s)
    filler = b"\n" if options.kind in _PATIENT_TEXTS else b""
    return await patient_text(
        request, _text(work), LateText(_MEDIA_TYPES[options.kind], filler=filler)
    )


async def _payload(work: TranscriptionWork) -> object:
    return await transcription_payload(await work.result(), work.output(), work.options)


async def _text(work: TranscriptionWork) -> str:
    output = await work.output().written(await work.result())
    return str(output["text"])
