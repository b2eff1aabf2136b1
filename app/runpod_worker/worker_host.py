"""The services of a queue worker, and the jobs that it works on with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, aclosing
from contextvars import ContextVar
from typing import Any

import structlog

from app.container import Services, build_services
from app.domain.errors import (
    CuestreamError,
    DrainingError,
    InvalidFieldError,
    OutputTooLargeError,
)
from app.main import attach_services, create_app
from app.settings import Settings
from app.submission.envelopes.envelope import AsgiRoutes, Envelope, EnvelopeJob, Payload, Report
from app.submission.envelopes.envelope_table import SUBTITLES, envelope_of
from app.submission.envelopes.job_output import (
    checked_outputs,
    error_text,
    json_bytes,
    settled,
)

log = structlog.get_logger()

_MOST_PART_BYTES = 10**6
"""Largest part of an output. Source: RunPod's documentation of streamed results."""

_RETRY_AFTER_S = 5


async def _unreported(_: Payload) -> None:
    """Report nothing."""


REPORT: ContextVar[Report] = ContextVar("report", default=_unreported)
"""How the job that a task works on reports its progress to the platform."""


class WorkerHost:
    """Builds the services in the event loop that the SDK runs, and works on its jobs.

    Args:
        settings: of the process.

    Attributes:
        leaving: set when jobs that still run must end now, with an error.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._services: Services | None = None
        self._routes: AsgiRoutes | None = None
        self.leaving = asyncio.Event()

    async def open(self) -> Services:
        """Build the services and begin to load the engines; nothing once it is done."""
        async with self._opening:
            if self._services is None:
                services = build_services(self._settings, self._stack)
                routes = create_app(self._settings)
                await attach_services(routes, services, self._stack)
                loading = asyncio.create_task(services.readiness.load(), name="load")
                self._stack.callback(loading.cancel)
                self._services, self._routes = services, routes
        return self._services

    async def close(self) -> None:
        """Close the services."""
        async with self._opening:
            await self._stack.aclose()
            self._services = None

    @property
    def broken(self) -> bool:
        """Whether the engines no longer answer, so that a new worker would do better."""
        return self._services is not None and self._services.readiness.state in {
            "failed",
            "stalled",
        }

    async def parts(self, job: Mapping[str, Any]) -> AsyncGenerator[object, None]:
        """Yield a job's output in parts, or ``{"error": ...}`` at its end.

        Args:
            job: as the SDK hands it out.
        """
        try:
            async with aclosing(self._outputs(job)) as outputs:
                async for value in outputs:
                    if json_bytes(value) > _MOST_PART_BYTES:
                        raise OutputTooLargeError(_MOST_PART_BYTES)
                    yield value
        except CuestreamError as error:
            yield {"error": error_text(error.message)}

    async def whole(self, job: Mapping[str, Any]) -> object:
        """Return a job's output as one value, or a dictionary with its ``error``."""
        try:
            async with aclosing(self._outputs(job)) as outputs:
                values = [value async for value in outputs]
        except CuestreamError as error:
            return {"error": error_text(error.message)}
        outcome = settled(kind_of(job), values)
        if outcome.error is None:
            return outcome.output
        rest = outcome.output if isinstance(outcome.output, dict) else {}
        return {**rest, "error": outcome.error}

    async def _outputs(self, job: Mapping[str, Any]) -> AsyncGenerator[object, None]:
        """Yield a job's output until the worker leaves.

        Raises:
            CuestreamError: the job failed.
            DrainingError: the worker leaves.
        """
        fields = job.get("input")
        if not isinstance(fields, dict):
            raise InvalidFieldError("input is required and must be an object")
        services = await self.open()
        s3_config = job.get("s3Config") or job.get("s3_config")
        work = EnvelopeJob(
            id=str(job.get("id", "")),
            input=fields,
            services=services,
            routes=self._routes,
            report=REPORT.get(),
            s3_config=s3_config if isinstance(s3_config, dict) else None,
        )
        limit_bytes = self._settings.queue.max_output_mb * 2**20
        async with aclosing(checked_outputs(kind_of(job), work, limit_bytes)) as outputs:
            while True:
                try:
                    yield await self._unless_leaving(anext(outputs))
                except StopAsyncIteration:
                    return

    async def _unless_leaving(self, step: Any) -> object:
        work = asyncio.ensure_future(step)
        leaving = asyncio.create_task(self.leaving.wait())
        try:
            await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            raise DrainingError("The worker is shutting down", _RETRY_AFTER_S)
        finally:
            leaving.cancel()
            if not work.done():
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

    async def wait_until_loaded(self) -> None:
        """Wait until the engines are loaded.

        Raises:
            NotReadyError: they cannot be.
        """
        services = await self.open()
        await services.readiness.wait()
        log.info("worker ready", concurrency=self._settings.queue.concurrency)


def kind_of(job: Mapping[str, Any]) -> Envelope:
    """Return the row of a job's input; that of subtitles where it has none that is an object."""
    fields = job.get("input")
    return envelope_of(fields) if isinstance(fields, dict) else SUBTITLES
