"""`POST /v1/listen`: a recording, as Deepgram's clients send it.

Source: Deepgram's API reference, "Transcribe pre-recorded audio".
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from asgi_correlation_id import correlation_id
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from app.domain.errors import BadRequestError, InvalidFieldError
from app.domain.request import JobRequest
from app.routers.access.api_keys import caller_of, require_key
from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.deepgram.recording_source import AddressBody, check_encoding, read_recording
from app.routers.dependencies import ServicesDep, require_admission, services_of
from app.routers.described import FILE, described
from app.routers.edge.request_body import upload_or_address
from app.routers.patient_json import patient_json
from app.routers.queue_dependencies import WebhooksDep
from app.routers.raised_errors import JOB_ERRORS, answers_late, raises
from app.submission.queue.webhooks import Webhooks
from app.submission.vendors.listen_answer import ListenRequest, listen_answer
from app.submission.vendors.listen_callback import enqueue_listen, sha256_of
from app.submission.vendors.listen_query import (
    RecordingQuery,
    parse_query,
    query_parameters,
    wish_of,
)
from app.submission.vendors.transcript_run import transcribed
from app.system.thread_groups import DOCUMENTS

router = APIRouter(tags=["subtitles"], route_class=GuardedRoute)

_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/octet-stream": {"schema": FILE, "example": "the bytes of a recording"},
        "application/json": {
            "schema": AddressBody.model_json_schema(),
            "example": {"url": "https://example.com/talk.mp3"},
        },
    },
}


@router.post(
    "/v1/listen",
    dependencies=[
        Depends(require_key),
        rate_limited("process"),
        Depends(require_admission),
        upload_or_address(),
    ],
    **described(
        "listen",
        "Transcribe a recording as Deepgram does",
        dict[str, Any],
        extra={"requestBody": _BODY, "parameters": query_parameters(RecordingQuery)},
    ),
)
@raises(*JOB_ERRORS, BadRequestError)
@answers_late
async def listen(request: Request, services: ServicesDep, webhooks: WebhooksDep) -> Response:
    """Transcribe the recording that is the body, or at the address in a JSON body.

    With `callback` the answer goes there, and this one is the id that it will have.
    """
    items = request.query_params.multi_items()
    query, warnings = parse_query(items, RecordingQuery)
    wish = wish_of(query, warnings)
    check_encoding(query)
    check_callback(query, webhooks)
    source = await read_recording(request, services, query)
    wanted = wish.request(source, caller_of(request), caller_name(request))
    if query.callback:
        job = await enqueue_listen(services, wanted, items, query.callback)
        return JSONResponse({"request_id": job.id})
    asked = ListenRequest(_request_id(), query, tuple(warnings), sha256_of(wanted), "")
    silence_s = services.settings.server.sync_keepalive_after_s
    answer = await patient_json(request, _payload(request, wanted, asked), silence_s)
    answer.headers["dg-request-id"] = asked.id
    return answer


async def _payload(request: Request, wanted: JobRequest, asked: ListenRequest) -> object:
    services = services_of(request)
    result = await transcribed(services, wanted)
    name = services.readiness.engine_manager.engines.transcriber_name
    return await DOCUMENTS.run(listen_answer, result, replace(asked, model=name))


def _request_id() -> str:
    return correlation_id.get() or str(uuid.uuid4())


def check_callback(query: RecordingQuery, webhooks: Webhooks) -> None:
    """Refuse a callback that could not be made.

    Raises:
        InvalidFieldError: it is to be made otherwise than by POST.
        UrlBlockedError: its address must not be reached.
    """
    if not query.callback:
        return
    if query.callback_method.lower() != "post":
        raise InvalidFieldError("callback_method: post alone")
    webhooks.check(query.callback)
