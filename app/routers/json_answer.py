"""A job's result as one JSON response."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from app.container import Services
from app.domain.errors import CuestreamError, JobCancelledError, TimedOutError
from app.domain.events import Result
from app.routers.disconnect import disconnected
from app.routers.encoders import Payload
from app.routers.error_responses import http_error, shape_for
from app.routers.error_shapes import ErrorShape
from app.routers.sliced_json import sliced_json
from app.services.jobs.runtime import JobRuntime

_KEEPALIVE_S = 10.0
"""Between two spaces, or less where the first one is to come sooner than that."""


class JsonAnswer:
    """Answers with the result of a job; the work stops when the client disconnects.

    A late answer begins with spaces, which JSON allows before a value: gateways cut a connection
    that stays silent (a RunPod pod's proxy after 100 s). From then on the status is 200 whatever
    happens, so an error shows in the body alone.

    Args:
        services: for the settings.
        job: whose result is the answer.
        encode: makes the body's payload.
        patience_s: time until a late answer begins; that of the settings unless given, and never
            longer than that.
    """

    def __init__(
        self,
        services: Services,
        job: JobRuntime,
        encode: Callable[[Result], Awaitable[Payload]],
        patience_s: float | None = None,
    ) -> None:
        self._settings = services.settings
        self._job = job
        self._encode = encode
        configured_s = self._settings.server.sync_keepalive_after_s
        self._patience_s = configured_s if patience_s is None else min(patience_s, configured_s)
        self._repeat_s = min(_KEEPALIVE_S, configured_s)
        self._headers = {"X-Job-Id": job.id, "Cache-Control": "no-store"}
        self._grace_s: float | None = 0.0

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
                timeout=self._first_wait_s(),
                return_when=asyncio.FIRST_COMPLETED,
            )
            if ended.done():
                body = await self._body(ended)
                return Response(body, headers=self._headers, media_type="application/json")
            self._check(disconnect)
            handed_over = True
            return StreamingResponse(
                self._body_after_spaces(ended, shape_for(request.url.path)),
                media_type="application/json",
                headers=self._headers,
            )
        finally:
            disconnect.cancel()
            if not handed_over:
                ended.cancel()
                self._job.detach(self._grace_s)

    async def _body_after_spaces(
        self, ended: asyncio.Task[Result], shape: ErrorShape
    ) -> AsyncIterator[bytes]:
        try:
            while not ended.done():
                yield b" "
                await asyncio.wait({ended}, timeout=self._repeat_s)
                if not ended.done() and self._late():
                    raise self._timed_out()
            yield await self._body(ended)
        except CuestreamError as error:
            body = shape.body(replace(http_error(error), details={"job_id": self._job.id}))
            yield json.dumps(body).encode()
        finally:
            ended.cancel()
            self._job.detach(self._grace_s)

    def _check(self, disconnect: asyncio.Task[None]) -> None:
        """Refuse to begin the answer where it is of no use any more."""
        if disconnect.done():
            raise JobCancelledError("The client left")
        if self._late():
            raise self._timed_out()

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

    async def _body(self, ended: asyncio.Task[Result]) -> bytes:
        return await sliced_json(await self._encode(await ended))
