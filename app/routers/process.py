"""`/api/process` and `/api/stream`: media in, subtitles out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from app.domain.errors import CuestreamError, JobCancelledError, TimedOutError
from app.domain.events import Result
from app.routers.deps import Services, ServicesDep, require_key
from app.routers.errors import error_body
from app.routers.intake import read_body
from app.routers.schemas import SubtitleBody
from app.routers.sse import stream_job
from app.routers.views import result_frame, view_named
from app.services.job import Job

router = APIRouter(prefix="/api", tags=["subtitles"], dependencies=[Depends(require_key)])

_KEEPALIVE_S = 10.0

_BODIES = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": SubtitleBody.model_json_schema()},
            "multipart/form-data": {
                "schema": {
                    **SubtitleBody.model_json_schema(),
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        **SubtitleBody.model_json_schema()["properties"],
                    },
                }
            },
        },
    }
}


@router.post("/stream", openapi_extra=_BODIES)
async def stream(request: Request, services: ServicesDep) -> Response:
    """Stream stages, every cue as soon as it is final, and the result."""
    return await _streamed(request, services, "stream")


@router.post("/process", openapi_extra=_BODIES)
async def process(request: Request, services: ServicesDep) -> Response:
    """Stream stages and the result, or answer with the result as JSON.

    JSON comes to callers whose ``Accept`` does not ask for ``text/event-stream``.
    """
    if "text/event-stream" in request.headers.get("accept", "").lower():
        return await _streamed(request, services, "process")
    job, body = await _submitted(request, services)
    return await _JsonAnswer(services, job, body).respond(request)


async def _submitted(request: Request, services: Services) -> tuple[Job, SubtitleBody]:
    services.readiness.admit()
    body, upload = await read_body(request, services.workdir)
    try:
        wanted = body.job_request(upload)
        await services.opener.check(wanted.source)
    except CuestreamError:
        if upload is not None:
            upload.path.unlink(missing_ok=True)
        raise
    return await services.runner.submit(wanted), body


async def _streamed(request: Request, services: Services, view_name: str) -> Response:
    job, body = await _submitted(request, services)
    view = view_named(view_name, job, body.formats)
    return stream_job(services.hub, job, view, view_name)


class _JsonAnswer:
    """One JSON answer for one job; the work stops when the client leaves.

    An answer that is late begins with spaces, which JSON allows before a value: gateways cut a
    connection that stays silent (a RunPod pod's proxy after 100 s). From then on the status is
    200 whatever happens, so an error is told by the body's ``error`` alone.
    """

    def __init__(self, services: Services, job: Job, body: SubtitleBody) -> None:
        self._settings = services.settings
        self._job = job
        self._body = body
        self._headers = {"X-Job-Id": job.id, "Cache-Control": "no-store"}
        self._grace_s: float | None = 0.0

    async def respond(self, request: Request) -> Response:
        self._job.attach()
        ended = asyncio.create_task(self._job.ended())
        gone = asyncio.create_task(_disconnected(request))
        handed_over = False
        try:
            await asyncio.wait(
                {ended, gone}, timeout=self._first_wait_s(), return_when=asyncio.FIRST_COMPLETED
            )
            if ended.done():
                return JSONResponse(await self._frame(ended), headers=self._headers)
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
            yield json.dumps(await self._frame(ended), ensure_ascii=False).encode()
        except CuestreamError as error:
            body = error_body(error.message, error.code, retryable=error.retryable)
            yield json.dumps({**body, "job_id": self._job.id}).encode()
        finally:
            ended.cancel()
            self._job.detach(self._grace_s)

    def _first_wait_s(self) -> float:
        limit_s = self._settings.sync_limit_s
        patience_s = self._settings.server.sync_keepalive_after_s
        return patience_s if limit_s is None else min(patience_s, limit_s)

    def _late(self) -> bool:
        limit_s = self._settings.sync_limit_s
        return limit_s is not None and self._job.age_s >= limit_s

    def _timed_out(self) -> TimedOutError:
        self._grace_s = None
        return TimedOutError(
            f"The job is not finished; follow it at /api/jobs/{self._job.id}/events"
        )

    async def _frame(self, ended: asyncio.Task[Result]) -> dict[str, object]:
        profile = self._job.request.profile
        # Files are rendered in a thread: CPU work.
        return await asyncio.to_thread(
            result_frame, await ended, self._job, self._body.formats, profile
        )


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue
