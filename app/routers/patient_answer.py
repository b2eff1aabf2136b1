"""An answer that waits for some work, and begins with filler where the work takes long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import structlog
from fastapi import Request
from fastapi.responses import Response

from app.domain.errors import CuestreamError, InternalError, JobCancelledError, TimedOutError
from app.routers.breakable_response import BreakableResponse, BrokenOffError
from app.routers.disconnect import disconnected
from app.routers.error_responses import http_error
from app.routers.error_shapes import HttpError
from app.routers.late_body import KEEPALIVE_S, filled

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)

log = structlog.get_logger()


class AnswerBody(Protocol[T_contra]):
    """Writes the body of an answer."""

    @property
    def media_type(self) -> str:
        """Media type of the answer."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of the answer."""
        ...

    @property
    def filler(self) -> bytes:
        """What a late answer begins with, which readers skip; empty where nothing may be there."""
        ...

    @property
    def nothing(self) -> bytes:
        """What ends a late answer whose content would be empty."""
        ...

    async def content(self, result: T_contra) -> bytes:
        """Return the body of a result."""
        ...

    def late_error(self, error: HttpError) -> bytes | None:
        """Return what ends a late answer that failed; None where its connection is cut instead."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an answer waits, and what its work outlives.

    Attributes:
        silence_s: time until a late answer begins; None where it must not begin before its end.
        limit_s: time until an answer ends as an error; None for no limit.
        unfinished: message of that error.
        outlives_limit: whether the work goes on after the limit.
        outlives_client: whether the work goes on when the client disconnects.
    """

    silence_s: float | None
    limit_s: float | None
    unfinished: str
    outlives_limit: bool = False
    outlives_client: bool = False

    @property
    def first_wait_s(self) -> float | None:
        """Time until an answer must begin; None where it may take any time."""
        limits = (self.silence_s, self.limit_s)
        return min((each for each in limits if each is not None), default=None)


async def patient_answer(
    request: Request, work: asyncio.Future[T], body: AnswerBody[T], patience: Patience
) -> Response:
    """Answer with the result of some work once it is there.

    The status of a late answer is 200 whatever happens; see `late_body`.

    Args:
        request: to answer; its body was read.
        work: that returns the result; it is cancelled when it is of no use any more.
        body: writes the answer.
        patience: how long it waits.

    Raises:
        TimedOutError: the answer cannot begin before the limit.
        CuestreamError: the work failed before the answer began, or the client disconnected.
    """
    ends_s = None if patience.limit_s is None else time.monotonic() + patience.limit_s
    gone = asyncio.create_task(disconnected(request))
    waiting: set[asyncio.Future[Any]] = {work} if patience.outlives_client else {work, gone}
    handed_over = patience.outlives_client
    try:
        await asyncio.wait(
            waiting, timeout=patience.first_wait_s, return_when=asyncio.FIRST_COMPLETED
        )
        if work.done():
            content = await body.content(work.result())
            return Response(content, media_type=body.media_type, headers=dict(body.headers))
        if gone.done() and not patience.outlives_client:
            raise JobCancelledError("The client left")
        if patience.silence_s is None:
            raise TimedOutError(patience.unfinished)
        handed_over = True
        late = _late_body(work, body, patience, ends_s, min(KEEPALIVE_S, patience.silence_s))
        return BreakableResponse(late, media_type=body.media_type, headers=dict(body.headers))
    finally:
        gone.cancel()
        if not handed_over:
            work.cancel()


async def _late_body(
    work: asyncio.Future[T],
    body: AnswerBody[T],
    patience: Patience,
    ends_s: float | None,
    repeat_s: float,
) -> AsyncIterator[bytes]:
    timed_out = False

    def check() -> None:
        nonlocal timed_out
        if ends_s is not None and time.monotonic() >= ends_s:
            timed_out = True
            raise TimedOutError(patience.unfinished)

    try:
        async for filler in filled(work, body.filler, repeat_s, check):
            yield filler
        yield await body.content(work.result()) or body.nothing
    except CuestreamError as error:
        yield _late_error(body, error)
    except Exception as error:
        # A defect: the status is sent already, so no error handler could answer any more.
        log.error("a late answer failed by a defect", exc_info=error)
        yield _late_error(body, InternalError("Internal server error"))
    finally:
        if not (patience.outlives_limit if timed_out else patience.outlives_client):
            work.cancel()


def _late_error(body: AnswerBody[Any], error: CuestreamError) -> bytes:
    """Return what ends an answer that failed.

    Raises:
        BrokenOffError: its connection has to be cut.
    """
    text = body.late_error(http_error(error))
    if text is None:
        raise BrokenOffError from None
    return text
