"""One JSON answer for one job."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

from fastapi import Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from app.container import Services
from app.domain.errors import CuestreamError, JobCancelledError, TimedOutError
from app.domain.events import Result
from app.routers.disconnect import disconnected
from app.routers.encoders import Frame
from app.routers.error_responses import error_body
from app.services.jobs.runtime import JobRuntime

_KEEPALIVE_S = 10.0


class JsonAnswer:
    """Answers with what a job has made; the work stops when the client leaves.

    An answer that is late begins with spaces, which JSON allows before a value: gateways cut a
    connection that stays silent (a RunPod pod's proxy after 100 s). From then on the status is
    200 whatever happens, so an error is told by the body's ``error`` alone.

    Args:
        services: for the settings.
        job: what is waited for.
        frame: makes the body; called in a thread, since writing files is CPU work.
        patience_s: how long the status stays open; as the server is set unless given, and never
            longer than that.
    """

    def __init__(
        self,
        services: Services,
        job: JobRuntime,
        frame: Callable[[Result], Frame],
        patience_s: float | None = None,
    ) -> None:
        self._settings = services.settings
        self._job = job
        self._frame = frame
        usual_s = self._settings.server.sync_keepalive_after_s
        self._patience_s = usual_s if patience_s is None else min(patience_s, usual_s)
        self._headers = {"X-Job-Id": job.id, "Cache-Control": "no-store"}
        self._grace_s: float | None = 0.0

    async def respond(self, request: Request) -> Response:
        """Wait for the job's end, or for the moment when the response must begin.

        Raises:
            CuestreamError: the job failed, is late, or its client left.
        """
        self._job.attach()
        ended = asyncio.create_task(self._job.wait_for_result())
        gone = asyncio.create_task(disconnected(request))
        handed_over = False
        try:
            await asyncio.wait(
                {ended, gone}, timeout=self._first_wait_s(), return_when=asyncio.FIRST_COMPLETED
            )
            if ended.done():
                return JSONResponse(await self._body(ended), headers=self._headers)
            if gone.done():
                raise JobCancelledError("The client left")
            if self._late():
                raise self._timed_out()
            handed_over = True
            return StreamingResponse(
                self._spaces(ended), media_type="application/json", headers=self._headers
            )
        finally:
            gone.cancel()
            if not handed_over:
                ended.cancel()
                self._job.detach(self._grace_s)

    async def _spaces(self, ended: asyncio.Task[Result]) -> AsyncIterator[bytes]:
        try:
            while not ended.done():
                yield b" "
                await asyncio.wait({ended}, timeout=_KEEPALIVE_S)
                if not ended.done() and self._late():
                    raise self._timed_out()
            yield json.dumps(await self._body(ended), ensure_ascii=False).encode()
        except CuestreamError as error:
            body = error_body(error.message, error.code, retryable=error.retryable)
            yield json.dumps({**body, "job_id": self._job.id}).encode()
        finally:
            ended.cancel()
            self._job.detach(self._grace_s)

    def _first_wait_s(self) -> float:
        limit_s = self._settings.sync_limit_s
        return self._patience_s if limit_s is None else min(self._patience_s, limit_s)

    def _late(self) -> bool:
        limit_s = self._settings.sync_limit_s
        return limit_s is not None and self._job.record.age_s >= limit_s

    def _timed_out(self) -> TimedOutError:
        self._grace_s = None
        return TimedOutError(
            f"The job is not finished; follow it at /api/jobs/{self._job.id}/events"
        )

    async def _body(self, ended: asyncio.Task[Result]) -> Frame:
        return await asyncio.to_thread(self._frame, await ended)
