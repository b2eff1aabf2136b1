"""Graceful shutdown on SIGTERM.

Servers wait for open responses before they run any shutdown code, so a stream would hold the
process for the whole grace time. The signal is therefore taken here first: the health check
turns 503, running streams get a moment to finish, the others end with a notice of the shutdown, and
only then does the server's own handler get the signal.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import FrameType

import structlog

from app.services.jobs.runner import JobRunner
from app.services.jobs.streams import StreamHub
from app.services.readiness import Readiness

log = structlog.get_logger()

_POLL_S = 0.05
_NOTICE_S = 1.0


class GracefulShutdown:
    """Handles SIGTERM for one application.

    Args:
        finish_s: how long running jobs may still finish.
        close_live: ends live streams with a notice.
        left: called once the jobs have ended here, for those who wait for one still.
    """

    def __init__(
        self,
        readiness: Readiness,
        runner: JobRunner,
        streams: StreamHub,
        finish_s: float,
        close_live: Callable[[], Awaitable[None]],
        left: Callable[[], None] = lambda: None,
    ) -> None:
        self._readiness = readiness
        self._runner = runner
        self._streams = streams
        self._finish_s = finish_s
        self._close_live = close_live
        self._left = left
        self._task: asyncio.Task[None] | None = None

    def install(self) -> None:
        """Take SIGTERM over from the server; only the main thread may."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        previous = signal.getsignal(signal.SIGTERM)

        def on_signal(number: int, frame: FrameType | None) -> None:
            def then() -> None:
                if callable(previous):
                    previous(number, frame)
                else:
                    signal.signal(signal.SIGTERM, signal.SIG_DFL)
                    signal.raise_signal(signal.SIGTERM)

            loop.call_soon_threadsafe(self._start, then)

        signal.signal(signal.SIGTERM, on_signal)

    def _start(self, then: Callable[[], None]) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(then), name="graceful-shutdown")

    async def _run(self, then: Callable[[], None]) -> None:
        log.info("shutting down", running=len(self._runner.running), streams=self._streams.readers)
        self._readiness.draining = True
        await _until(lambda: not self._runner.running, self._finish_s)
        self._streams.leave()
        with suppress(TimeoutError):
            async with asyncio.timeout(_NOTICE_S):
                await self._close_live()
        await _until(lambda: not self._streams.readers, _NOTICE_S)
        await self._runner.close()
        self._left()
        then()


async def _until(done: Callable[[], bool], limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while not done() and time.monotonic() < deadline:  # noqa: ASYNC110 - leaving is rare
        await asyncio.sleep(_POLL_S)
