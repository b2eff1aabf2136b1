"""`/v1/audio/transcriptions`: OpenAI's transcription route, with the fields that Parakeet added.

Source: https://platform.openai.com/docs/api-reference/audio/createTranscription
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response

from app.domain.errors import (
    BadRequestError,
    CuestreamError,
    InvalidFormatError,
    NoSpeechError,
    NotReadyError,
    SeveralSourcesError,
)
from app.domain.events import Result
from app.domain.request import UploadedFile
from app.routers.access.api_keys import caller_of, require_key
from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.body import read_file_form
from app.routers.dependencies import ServicesDep, require_admission, services_of
from app.routers.described import TEXT, described
from app.routers.disconnect import cancel_on_disconnect
from app.routers.edge.request_body import upload
from app.routers.patient_json import patient_json
from app.routers.raised_errors import JOB_ERRORS, raises
from app.submission.audio_body import FORMATS, AudioBody, AudioJob
from app.submission.audio_output import AudioOutput, silent
from app.submission.openai_transcription import transcription_payload
from app.submission.submit import submit

_LOADING = "Model not loaded yet. Please try again in a few moments."

_TEXT_FIELDS = (
    *("model", "language", "prompt", "response_format", "temperature", "timestamps"),
    *("word_timestamps", "diarize", "vad_filter", "num_speakers"),
)
_LIST = "timestamp_granularities"
_OTHER_SOURCES = ("url", "audio", "upload_id")
"""Fields that say on other servers, or on another route of ours, what is to be transcribed."""

_MEDIA_TYPES = {"text": "text/plain", "srt": "application/x-subrip", "vtt": "text/vtt"}

_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        **{name: {"type": "string"} for name in _TEXT_FIELDS},
                        "timestamp_granularities[]": {
                            "type": "array",
                            "items": {"type": "string", "enum": ["word", "segment"]},
                        },
                    },
                },
                "example": {"file": "talk.wav", "model": "whisper-1"},
            }
        },
    }
}


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
        upload(),
    ],
    route_class=GuardedRoute,
)


@router.post(
    "/transcriptions",
    **described(
        "createTranscription",
        "Transcribe a file as OpenAI's API does",
        dict[str, Any],
        content={kind: {"schema": TEXT} for kind in _MEDIA_TYPES.values()},
        extra=_FORM,
    ),
)
@raises(*JOB_ERRORS, BadRequestError)
async def transcriptions(request: Request, services: ServicesDep) -> Response:
    """Transcribe a file; any model name is the model of this server."""
    names = (*_TEXT_FIELDS, *_OTHER_SOURCES)
    fields, file = await read_file_form(request, services, names, [_LIST])
    body = _body_or_no_file(fields, file)
    granularities = fields.get(_LIST, "")
    work = _result(request, body, file)
    if body.response_format in _MEDIA_TYPES:
        result = await cancel_on_disconnect(request, work)
        output = await _output(request, body).written(result)
        kind = _MEDIA_TYPES[body.response_format]
        return PlainTextResponse(str(output["text"]), media_type=kind)

    async def payload() -> object:
        return await transcription_payload(
            await work, _output(request, body), granularities=granularities
        )

    return await patient_json(request, payload(), services.settings.server.sync_keepalive_after_s)


def _body_or_no_file(fields: dict[str, str], file: UploadedFile) -> AudioBody:
    """Return the fields as an audio body; the file of a refused one is removed."""
    try:
        return _body(fields)
    except CuestreamError:
        file.path.unlink(missing_ok=True)
        raise


def _body(fields: dict[str, str]) -> AudioBody:
    """Return the fields as an audio body; unlike there, no format is an unusual one.

    Raises:
        InvalidFormatError: no such response format.
        SeveralSourcesError: other servers' field for an address came with the file.
        InvalidFieldError: another field is wrong.
    """
    kind = fields.get("response_format", "json")
    if kind not in FORMATS:
        raise InvalidFormatError(kind, FORMATS)
    if others := [name for name in _OTHER_SOURCES if fields.pop(name, "")]:
        raise SeveralSourcesError(["file", *others])
    return AudioBody.parse({**fields, "audio": "file"})


def _output(request: Request, body: AudioBody) -> AudioOutput:
    model = services_of(request).readiness.engine_manager.engines.transcriber_name
    return AudioOutput(body, model)


async def _result(request: Request, body: AudioBody, file: UploadedFile) -> Result:
    services = services_of(request)
    settings = services.settings
    # Speakers are of no use to clients that cannot read them.
    asked = body if body.diarize is not None else body.model_copy(update={"diarize": False})
    role = AudioJob(settings.role, settings.diarization.enabled)
    try:
        wanted = role.request(asked, file)
        wanted = replace(wanted, caller=caller_of(request), holder=caller_name(request))
        job = await submit(services, wanted)
        job.attach()
        try:
            return await job.wait_for_result()
        finally:
            job.detach(0)
    except CuestreamError as error:
        file.path.unlink(missing_ok=True)
        if error.code != NoSpeechError.code:
            raise
        audio_ms = error.audio_ms if isinstance(error, NoSpeechError) else 0
        return silent(body.language, audio_ms)
