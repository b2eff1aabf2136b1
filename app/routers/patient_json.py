"""An answer in JSON that may come late."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field, replace

from fastapi import Request
from fastapi.responses import Response

from app.routers.dependencies import services_of
from app.routers.error_shapes import HttpError
from app.routers.late_body import json_error
from app.routers.patient_answer import Patience, patient_answer
from app.routers.sliced_json import sliced_json


@dataclass(frozen=True, slots=True)
class JsonBody:
    """JSON, which allows spaces before its value; see `AnswerBody`.

    Attributes:
        path: of the request, which decides the shape of errors.
        headers: of the answer.
        has_details: whether a late error has its details.
    """

    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    has_details: bool = True
    media_type: str = "application/json"
    filler: bytes = b" "
    nothing: bytes = b""

    async def content(self, result: object) -> bytes:
        """See `AnswerBody`."""
        return await sliced_json(result)

    def late_error(self, error: HttpError) -> bytes:
        """See `AnswerBody`."""
        return json_error(error if self.has_details else replace(error, details={}), self.path)


async def patient_json(
    request: Request, payload: Awaitable[object], silence_s: float, *, is_bounded: bool = False
) -> Response:
    """Answer with a payload once it is there; its work stops when the client disconnects.

    A late answer begins with spaces; see `late_body`. At the server's limit for answers it ends as
    an error, and the work stops.

    Args:
        request: to answer.
        payload: that will be there.
        silence_s: time until a late answer begins.
        is_bounded: whether the payload itself keeps the server's limit.

    Raises:
        CuestreamError: there will be none, or the client disconnected.
    """
    patience = Patience(
        silence_s,
        None if is_bounded else services_of(request).settings.sync_limit_s,
        "The work was not finished in time; POST /run takes it as a job",
    )
    body = JsonBody(request.url.path)
    return await patient_answer(request, asyncio.ensure_future(payload), body, patience)
