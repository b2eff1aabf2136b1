"""A text answer that may come late, and then begins with filler that its readers skip."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from fastapi import Request
from fastapi.responses import Response

from app.routers.dependencies import services_of
from app.routers.error_shapes import HttpError
from app.routers.patient_answer import Patience, patient_answer


@dataclass(frozen=True, slots=True)
class LateText:
    """How a text answer is sent; see `AnswerBody`.

    Attributes:
        media_type: of the answer.
        headers: of the answer.
        filler: what a late answer begins with, as SubRip and JSON may; empty where nothing may
            come before the text.
        nothing: what ends a late answer that would be empty.
        failure: writes an error into a late answer; None where its connection is cut instead, so
            that nothing is taken for the whole.
    """

    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
    filler: bytes = b""
    nothing: bytes = b""
    failure: Callable[[HttpError], str] | None = None

    async def content(self, result: str) -> bytes:
        """See `AnswerBody`."""
        return result.encode()

    def late_error(self, error: HttpError) -> bytes | None:
        """See `AnswerBody`."""
        return None if self.failure is None else self.failure(error).encode()


async def patient_text(request: Request, text: Awaitable[str], late: LateText) -> Response:
    """Answer with a text once it is there; its work stops when the client disconnects.

    At the server's limit for answers it ends as an error, and the work stops.

    Args:
        request: to answer; its body was read.
        text: that will be there.
        late: how it is sent.

    Raises:
        CuestreamError: there will be none, or the client disconnected.
    """
    settings = services_of(request).settings
    patience = Patience(
        settings.server.sync_keepalive_after_s if late.filler else None,
        settings.sync_limit_s,
        "The work was not finished in time",
    )
    return await patient_answer(request, asyncio.ensure_future(text), late, patience)
