"""The SDK's loop that takes jobs, with a choice of handler for each and an orderly end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from functools import partial
from types import FrameType
from typing import Any, TypeVar

import structlog
from runpod.serverless.modules.rp_http import send_result
from runpod.serverless.modules.rp_job import get_job, get_stop_signals, handle_job
from runpod.serverless.modules.rp_scale import JobScaler

from app.domain.errors import CuestreamError
from app.runpod_worker.worker_host import REPORT, WorkerHost, kind_of
from app.submission.envelopes.envelope import Payload

log = structlog.get_logger()

T = TypeVar("T")

HOST = "cuestream_host"
"""Key of the host in the configuration that the SDK hands through."""

_LEAVING = "The worker is shutting down"
_LOAD_FAILED = 3
_POLL_S = 0.05


class EnvelopeScaler(JobScaler):  # type: ignore[misc]
    """The SDK's job scaler.

    It tells by the kind of the handler whether a job is streamed, once for all jobs. Here a job
    whose output is one value is handled as by a plain handler, so that its output is that value
    and no list. A signal to stop ends the open requests for jobs, so that none is handed out to a
    worker that leaves; running jobs get some time and then end with an error.

    Args:
        config: of ``runpod.serverless.start``, with the `WorkerHost` under `HOST`.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self._host: WorkerHost = config[HOST]
        self._leaving = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._draining: asyncio.Task[None] | None = None
        self.jobs_fetcher = self._take
        self.stop_signals_fetcher = self._stop_signals
        self.jobs_handler = self._handle

    async def run(self) -> None:
        """Load the engines, then take jobs until a signal; exit with 3 where they do not load."""
        self._loop = asyncio.get_running_loop()
        try:
            await self._unless_leaving(self._host.wait_until_loaded())
            await super().run()
        except CuestreamError as error:
            log.error("giving up", reason=error.message)
            raise SystemExit(_LOAD_FAILED) from None
        finally:
            await self._host.close()

    def handle_shutdown(self, signum: int, frame: FrameType | None) -> None:
        """Take no more jobs, and give the running ones some time."""
        super().handle_shutdown(signum, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._leave)

    def _leave(self) -> None:
        if not self._leaving.is_set():
            self._leaving.set()
            self._draining = asyncio.create_task(self._drain(), name="drain")

    async def _drain(self) -> None:
        services = await self._host.open()
        services.readiness.draining = True
        log.info("shutting down", running=len(self.jobs_tasks))
        clock = asyncio.get_running_loop().time
        deadline_s = clock() + services.settings.queue.shutdown_s
        while self.jobs_tasks and clock() < deadline_s:  # noqa: ASYNC110 - leaving is rare
            await asyncio.sleep(_POLL_S)
        self._host.leaving.set()

    async def _take(self, session: Any, count: int) -> list[dict[str, Any]] | None:
        """Ask for jobs; those that come once the worker leaves are answered with an error."""
        jobs: list[dict[str, Any]] | None = await self._unless_leaving(get_job(session, count))
        if not self._leaving.is_set():
            return jobs
        for job in jobs or []:
            await send_result(session, {"error": _LEAVING}, job)
        return None

    async def _stop_signals(self, session: Any) -> list[str]:
        return await self._unless_leaving(get_stop_signals(session)) or []

    async def _unless_leaving(self, call: Awaitable[T]) -> T | None:
        """Await a call; None where the worker leaves before it returns."""
        work = asyncio.ensure_future(call)
        leaving = asyncio.create_task(self._leaving.wait())
        try:
            await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else None
        finally:
            leaving.cancel()
            if not work.done():
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

    async def _handle(self, session: Any, config: dict[str, Any], job: Mapping[str, Any]) -> None:
        own = dict(config)
        if kind_of(job).parts is None:
            own["handler"] = self._host.whole
        token = REPORT.set(partial(_report, session, job))
        try:
            await handle_job(session, own, job)
        finally:
            REPORT.reset(token)
        if self._host.broken:
            log.error("the engines do not answer any more: the worker leaves for a new one")
            self.kill_worker()
            self._leave()


async def _report(session: Any, job: Mapping[str, Any], progress: Payload) -> None:
    """Report a job's progress to the platform, and wait for its answer.

    The SDK's own ``progress_update`` does that in a thread that nobody waits for, so that its
    message may come after the result and replace it.
    """
    await send_result(session, {"status": "IN_PROGRESS", "output": progress}, job)
