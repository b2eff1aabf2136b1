"""A job's result as one response, whatever its form."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from fastapi import Request
from fastapi.responses import Response

from app.container import Services
from app.domain.errors import CuestreamError, JobCancelledError, TimedOutError
from app.domain.events import Result
from app.routers.breakable_response import BreakableResponse
from app.routers.disconnect import disconnected
from app.routers.error_responses import http_error
from app.routers.error_shapes import HttpError
from app.routers.late_body import filled, first_wait_s
from app.services.jobs.runtime import JobRuntime


class JobAnswer(ABC):
    """Answers with the result of a job; the work stops when the client disconnects.

    A late answer begins before the result is there: gateways cut a connection that stays silent
    (a RunPod pod's proxy after 100 s). From then on the status is 200 whatever happens.

    Args:
        services: for the settings.
        job: whose result is the answer.
        patience_s: time until a late answer begins; that of the settings unless given, and never
            longer than that.

    Attributes:
        media_type: of the body.
        opening: what every body begins with, and a late one before the rest is known.
        filler: what may follow it any number of times and means nothing.
        filler_interval_s: longest time between two of them, in seconds.
    """

    media_type: str
    opening: bytes = b""
    filler: bytes
    filler_interval_s: float

    def __init__(
        self, services: Services, job: JobRuntime, patience_s: float | None = None
    ) -> None:
        self._settings = services.settings
        self._job = job
        configured_s = self._settings.server.sync_keepalive_after_s
        self._patience_s = configured_s if patience_s is None else min(patience_s, configured_s)
        self._repeat_s = min(self.filler_interval_s, configured_s)
        self._grace_s: float | None = 0.0

    @abstractmethod
    async def body(self, result: Result) -> bytes:
        """Return the whole body."""

    @abstractmethod
    def late_error(self, error: HttpError, path: str) -> AsyncIterator[bytes]:
        """Yield how a late answer ends that failed.

        Raises:
            BrokenOffError: the client must not take what came for the whole.
        """

    def headers(self, result: Result | None) -> Mapping[str, str]:
        """Return headers of an answer; a late one has no result yet."""
        del result
        return {}

    async def respond(self, request: Request) -> Response:
        """Wait for the job's end, or for the moment when the response must begin.

        Raises:
            CuestreamError: the job failed, is late, or its client disconnected.
        """
        self._job.attach()
        ended = asyncio.create_task(self._job.wait_for_result())
        disconnect = asyncio.create_task(disconnected(request))
        handed_over = False
        try:
            await asyncio.wait(
                {ended, disconnect},
                timeout=first_wait_s(self._patience_s, self._settings.sync_limit_s),
                return_when=asyncio.FIRST_COMPLETED,
            )
            if ended.done():
                result = await ended
                body = await self.body(result)
                return Response(body, headers=self._headers(result), media_type=self.media_type)
            self._check(disconnect)
            handed_over = True
            return BreakableResponse(
                self._late_body(ended, request.url.path),
                media_type=self.media_type,
                headers=self._headers(None),
            )
        finally:
            disconnect.cancel()
            if not handed_over:
                ended.cancel()
                self._job.detach(self._grace_s)

    async def _late_body(self, ended: asyncio.Task[Result], path: str) -> AsyncIterator[bytes]:
        try:
            yield self.opening
            async for filler in filled(ended, self.filler, self._repeat_s, self._check_time):
                yield filler
            body = await self.body(await ended)
            yield body.removeprefix(self.opening)
        except CuestreamError as error:
            failure = replace(http_error(error), details={"job_id": self._job.id})
            async for piece in self.late_error(failure, path):
                yield piece
        finally:
            ended.cancel()
            self._job.detach(self._grace_s)

    def _headers(self, result: Result | None) -> dict[str, str]:
        own = {"X-Job-Id": self._job.id, "Cache-Control": "no-store", "Vary": "Accept"}
        return {**own, **self.headers(result)}

    def _check(self, disconnect: asyncio.Task[None]) -> None:
        """Refuse to begin the answer where it is of no use any more."""
        if disconnect.done():
            raise JobCancelledError("The client left")
        self._check_time()

    def _check_time(self) -> None:
        if self._late():
            raise self._timed_out()

    def _late(self) -> bool:
        limit_s = self._settings.sync_limit_s
        return limit_s is not None and self._job.record.age_s >= limit_s

    def _timed_out(self) -> TimedOutError:
        self._grace_s = None
        return TimedOutError(
            f"The job is not finished; follow it at /api/jobs/{self._job.id}/events"
        )
