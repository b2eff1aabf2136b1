"""`/v1/audio/diarization`: who speaks when in a file, as speaches answers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.domain.errors import BadRequestError, CuestreamError, NoSpeechError
from app.domain.events import Result
from app.domain.request import UploadedFile
from app.routers.access.api_keys import caller_of
from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.dependencies import ServicesDep, services_of
from app.routers.described import TEXT, described
from app.routers.openai.openai_answers import SpeakerTurns
from app.routers.openai.sound_routes import CHECKS, sound_body
from app.routers.openai.transcription_form import FormFields, read_transcription_form
from app.routers.patient_json import patient_json
from app.routers.patient_text import LateText, patient_text
from app.routers.raised_errors import JOB_ERRORS, answers_late, raises
from app.submission.audio_output import silent
from app.submission.diarization_request import (
    DIARIZATION_FORMATS,
    DiarizationOptions,
    diarization_options,
    diarization_payload,
    rttm,
)
from app.submission.known_voices import NAMES, REFERENCES
from app.submission.openai_request import COUNT_FIELDS
from app.submission.run_to_end import run_file
from app.submission.voice_matching import result_with_voices

_RTTM = "text/plain"
_LISTS = (NAMES, REFERENCES)
_FIELDS: dict[str, Any] = {
    "model": TEXT,
    "response_format": {"type": "string", "enum": list(DIARIZATION_FORMATS)},
    **{name: {"type": "string"} for name in COUNT_FIELDS},
    **{f"{name}[]": {"type": "array", "items": {"type": "string"}} for name in _LISTS},
}

router = APIRouter(
    prefix="/v1/audio", tags=["subtitles"], dependencies=CHECKS, route_class=GuardedRoute
)


@router.post(
    "/diarization",
    **described(
        "createDiarization",
        "Say who speaks when in a file",
        SpeakerTurns,
        content={_RTTM: {"schema": TEXT}},
        extra=sound_body(_FIELDS),
    ),
)
@raises(*JOB_ERRORS, BadRequestError)
@answers_late
async def diarization(request: Request, services: ServicesDep) -> Response:
    """Tell the speakers of a file apart; nothing is transcribed."""
    fields, file = await read_transcription_form(request, services)
    options = _options(fields, file)
    if options.kind == "rttm":
        return await patient_text(request, _rttm(request, options, file), LateText(_RTTM))
    silence_s = services.settings.server.sync_keepalive_after_s
    return await patient_json(request, _payload(request, options, file), silence_s)


def _options(fields: FormFields, file: UploadedFile) -> DiarizationOptions:
    """Return the checked options; the file of refused ones is removed."""
    try:
        return diarization_options(fields)
    except CuestreamError:
        file.path.unlink(missing_ok=True)
        raise


async def _payload(request: Request, options: DiarizationOptions, file: UploadedFile) -> object:
    return diarization_payload(await _result(request, options, file))


async def _rttm(request: Request, options: DiarizationOptions, file: UploadedFile) -> str:
    return rttm(await _result(request, options, file), file.name)


async def _result(request: Request, options: DiarizationOptions, file: UploadedFile) -> Result:
    try:
        return await _found(request, options, file)
    except CuestreamError as error:
        if error.code != NoSpeechError.code:
            raise
        return silent(None, error.audio_ms if isinstance(error, NoSpeechError) else 0)


async def _found(request: Request, options: DiarizationOptions, file: UploadedFile) -> Result:
    services = services_of(request)
    wanted = replace(
        options.job_request(file), caller=caller_of(request), holder=caller_name(request)
    )

    if not options.voices:
        return await run_file(services, wanted)
    try:
        return await result_with_voices(
            services, wanted, options.voices, partial(run_file, services)
        )
    finally:
        with suppress(OSError):
            file.path.unlink(missing_ok=True)
