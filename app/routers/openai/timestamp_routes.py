"""`/v1/audio/speech/timestamps`: where somebody speaks in a file, as speaches answers."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.container import Services
from app.domain.errors import BadRequestError, NoSpeechError
from app.domain.request import UploadedFile
from app.routers.access.api_keys import caller_of
from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.dependencies import ServicesDep
from app.routers.described import TEXT, described
from app.routers.openai.openai_answers import SpokenStretch
from app.routers.openai.sound_routes import CHECKS, sound_body
from app.routers.openai.transcription_form import FormFields, read_transcription_form
from app.routers.patient_json import patient_json
from app.routers.raised_errors import JOB_ERRORS, answers_late, raises
from app.submission.operations.recording_media import Owner, detected
from app.submission.speech_timestamps import TIMESTAMP_FIELDS, timestamp_options

_FIELDS: dict[str, Any] = {"model": TEXT, **{name: {"type": "string"} for name in TIMESTAMP_FIELDS}}

router = APIRouter(
    prefix="/v1/audio", tags=["subtitles"], dependencies=CHECKS, route_class=GuardedRoute
)


@router.post(
    "/speech/timestamps",
    **described(
        "detectSpeech",
        "Say where somebody speaks in a file",
        list[SpokenStretch],
        extra=sound_body(_FIELDS),
    ),
)
@raises(*JOB_ERRORS, BadRequestError)
@answers_late
async def timestamps(request: Request, services: ServicesDep) -> Response:
    """Detect speech; nothing is transcribed."""
    fields, file = await read_transcription_form(request, services)
    owner = Owner(caller_of(request), caller_name(request))
    silence_s = services.settings.server.sync_keepalive_after_s
    return await patient_json(request, _stretches(services, fields, file, owner), silence_s)


async def _stretches(
    services: Services, fields: FormFields, file: UploadedFile, owner: Owner
) -> object:
    """Return where somebody speaks; the file is removed in any case."""
    try:
        options = timestamp_options(fields)
        settings = options.vad_settings(services.settings.vad)
        found = await detected(file, services, owner, settings)
    except NoSpeechError:
        return []
    finally:
        with suppress(OSError):
            file.path.unlink(missing_ok=True)
    spans = options.stretches(found.spans, found.length_ms)
    return [{"start": span.start_ms, "end": span.end_ms} for span in spans]
