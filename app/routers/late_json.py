"""JSON answers of work that may take long, and may go on once its answer has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from app.routers.dependencies import services_of
from app.routers.encoders import Payload
from app.routers.patient_answer import Patience, patient_answer
from app.routers.patient_json import JsonBody
from app.services.net.caller_places import CallerPlaces

_HEADERS = {"Cache-Control": "no-store"}

_WORKS_OF_CALLER = 16
_works = CallerPlaces(_WORKS_OF_CALLER, "Too much work of yours is under way")


async def late_json(
    request: Request,
    work: Coroutine[Any, Any, Payload],
    *,
    caller: str = "",
    goes_on: bool = False,
) -> Response:
    """Answer with the payload that some work returns.

    A late answer begins with spaces, as in `JsonAnswer`, and its status is 200 whatever happens.
    At the server's limit for answers it ends as an error, and the work goes on.

    Args:
        request: decides the shape of errors; its body must have been read.
        work: to do.
        caller: whose share of such work it takes, until it ends; empty for nobody's.
        goes_on: whether it goes on when the client leaves.

    Raises:
        OverloadedError: this caller has too much of it under way.
        CuestreamError: the work failed before the answer began, or the client left.
    """
    settings = services_of(request).settings
    task = asyncio.ensure_future(_held(work, caller))
    task.add_done_callback(_retrieve_exception)
    patience = Patience(
        settings.server.sync_keepalive_after_s,
        settings.sync_limit_s,
        "The work is not finished and goes on; its results are stored",
        outlives_limit=True,
        outlives_client=goes_on,
    )
    body = JsonBody(request.url.path, _HEADERS, has_details=False)
    return await patient_answer(request, task, body, patience)


async def _held(work: Coroutine[Any, Any, Payload], caller: str) -> Payload:
    try:
        with _works.place(caller):
            return await work
    finally:
        work.close()


def _retrieve_exception(task: asyncio.Task[Payload]) -> None:
    """Retrieve an exception, which asyncio would log where no client waits for it any more."""
    if not task.cancelled():
        task.exception()
