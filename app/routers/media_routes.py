"""`/api/media`: media operations, a route for each row of their table."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from app.domain import errors as e
from app.routers.accepted_types import OfferedForm, preferred_form
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.process_checks import process_checks
from app.routers.dependencies import ServicesDep
from app.routers.described import FILE, STREAM, described
from app.routers.edge.request_body import form_or_json
from app.routers.encoders import Payload
from app.routers.file_links import base_url
from app.routers.media_form import FILES, part_names, read_media_fields
from app.routers.media_stream import stream_work
from app.routers.patient_json import patient_json
from app.routers.queue_body import owner_of
from app.routers.raised_errors import answers_late, family, raises
from app.routers.submission_schema import written_out
from app.services.operations.operation import MediaOperation
from app.services.operations.operation_table import OPERATIONS, operation_named
from app.submission.envelopes.envelope import Envelope, EnvelopeJob
from app.submission.envelopes.job_output import checked_outputs
from app.submission.envelopes.operation_envelope import operation_answer

router = APIRouter(
    prefix="/api/media",
    tags=["media"],
    dependencies=[*process_checks(), form_or_json()],
    route_class=GuardedRoute,
)

_EVENTS = "events"
_OFFERS = (
    OfferedForm("json", "application/json"),
    OfferedForm(_EVENTS, "text/event-stream", named_only=True),
)

_ENVELOPE = Envelope("media", frozenset({"operation"}), answer=operation_answer)

_NAME_CHARS = 100
_FORM_EXAMPLE = {
    "file": "talk.mp4",
    "subtitles": "1\n00:00:01,000 --> 00:00:03,500\nWhere do you want to go?\n",
}
"""A form that `caption` takes as it stands."""

MEDIA_ERRORS = (
    e.OperationUnavailableError,
    e.RepeatedFieldError,
    e.SeveralSourcesError,
    e.InvalidFormatError,
    e.InvalidFieldError,
    e.InvalidCaptionsError,
    e.InvalidLanguageError,
    e.InvalidProfileError,
    e.TooMuchWorkError,
    e.UrlBlockedError,
    e.StoreNotConfiguredError,
    e.JobNotFoundError,
    e.MediaNotStoredError,
    e.UploadNotFoundError,
    e.UploadIncompleteError,
    e.UploadLockedError,
    e.OverloadedError,
    e.StorageError,
    e.ObjectStoreError,
    e.ResourceLimitError,
    e.JobCancelledError,
    e.PayloadTooLargeError,
    e.InternalError,
    e.NotReadyError,
    e.SpeechUnavailableError,
    *family(e.MediaError, e.SourceError, e.SpeechError, e.TranslationError),
)
"""What a media operation may end with."""


class MadeMedia(BaseModel):
    """Answer of a media operation; each has further fields of its own."""

    model_config = ConfigDict(extra="allow")

    success: bool
    message: str = Field(description="One sentence for people")


async def _made(request: Request, services: ServicesDep, operation: MediaOperation) -> Response:
    """Answer with an operation's result, or stream its progress; uploads go with the work."""
    fields, discard = await read_media_fields(request, operation)
    stages: asyncio.Queue[Payload] = asyncio.Queue()
    job = _job(request, services, {**fields, "operation": operation.name}, stages)
    working = asyncio.ensure_future(_output(job))
    working.add_done_callback(lambda _: discard())
    accept = ",".join(request.headers.getlist("accept"))
    if preferred_form(accept, _OFFERS) == _EVENTS:
        return stream_work(working, stages, services.settings.jobs.comment_s)
    return await patient_json(request, working, services.settings.server.sync_keepalive_after_s)


async def _output(job: EnvelopeJob) -> object:
    limit_bytes = job.services.settings.queue.max_output_mb * 2**20
    (value,) = [value async for value in checked_outputs(_ENVELOPE, job, limit_bytes)]
    return value


def _job(
    request: Request,
    services: ServicesDep,
    fields: Mapping[str, object],
    stages: asyncio.Queue[Payload],
) -> EnvelopeJob:
    owner = owner_of(request)
    return EnvelopeJob(
        id=uuid.uuid4().hex,
        input=fields,
        services=services,
        caller=owner.payer,
        holder=owner.name,
        key=owner.key,
        report=stages.put,
        base_url=base_url(request),
    )


def _bodies() -> dict[str, Any]:
    """Return the bodies of all operations for OpenAPI: as forms with uploads, and as JSON."""
    rows = OPERATIONS.values()
    forms = [_form_schema(operation) for operation in rows]
    examples = {
        operation.name: {"summary": operation.summary, "value": dict(operation.example)}
        for operation in rows
    }
    return {
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": {"anyOf": forms}, "example": _FORM_EXAMPLE},
                "application/json": {
                    "schema": {"anyOf": [_json_schema(operation) for operation in rows]},
                    "examples": examples,
                },
            },
        }
    }


def _json_schema(operation: MediaOperation) -> dict[str, Any]:
    full = operation.input.model_json_schema()
    schema: dict[str, Any] = written_out(full, full.get("$defs", {}))
    return {**schema, "title": operation.name, "description": operation.summary}


def _form_schema(operation: MediaOperation) -> dict[str, Any]:
    """Return a form's schema, in which each field with a medium may be a file."""
    schema = _json_schema(operation)
    fields: dict[str, Any] = schema.get("properties", {})
    uploads = {name: FILE for name in part_names(operation) if name not in fields}
    properties = {**fields, **uploads, FILES: {"type": "array", "items": FILE}}
    return {**schema, "properties": properties, "required": []}


OperationName = Annotated[
    str,
    Path(
        max_length=_NAME_CHARS,
        openapi_examples={name: {"value": name} for name in OPERATIONS},
    ),
]


@router.post(
    "/{operation}",
    **described(
        "makeMedia",
        "Make a media file out of others",
        MadeMedia,
        content=STREAM,
        extra=_bodies(),
    ),
)
@raises(*MEDIA_ERRORS)
@answers_late
async def make_media(request: Request, services: ServicesDep, operation: OperationName) -> Response:
    """Do a media operation and answer with its result.

    Files come as parts of a form, or lie at the addresses that the fields name. With
    ``Accept: text/event-stream`` the answer is a stream of the progress, which ends with the
    result. `/run` takes the same fields with ``operation`` for a job that outlives the connection.
    """
    return await _made(request, services, operation_named(operation))
