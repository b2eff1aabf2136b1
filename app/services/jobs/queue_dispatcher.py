"""The dispatcher: begins jobs from the queue while this process has places for them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from app.domain.errors import CuestreamError, StorageError
from app.services.jobs.record import JobRecord
from app.services.jobs.store.job_store import JobStore
from app.services.readiness import Readiness

log = structlog.get_logger()

_RETRY_S = 2.0


class QueueDispatcher:
    """Begins jobs from the queue while this process has places for them.

    It asks the store when a job may have begun to wait, when a place is free, and when a job that
    was to wait is due; never just to look.

    Args:
        store: leases jobs.
        readiness: of the engines; nothing is begun while the server leaves.
        places: returns how many jobs may be begun now.
        begin: begins one.
        calls: whether it begins calls, which wait for the engines by themselves where they need
            them; other jobs are begun once these are loaded.
    """

    def __init__(
        self,
        store: JobStore,
        readiness: Readiness,
        places: Callable[[], int],
        begin: Callable[[JobRecord], None],
        *,
        calls: bool = False,
    ) -> None:
        self._calls = calls
        self._store = store
        self._readiness = readiness
        self._places = places
        self._begin = begin
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to look for jobs."""
        self._task = asyncio.create_task(self._run(), name="queue-dispatcher")
        self.wake()

    async def close(self) -> None:
        """Begin no further job."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def wake(self) -> None:
        """Look for jobs soon."""
        self._wake.set()

    async def _run(self) -> None:
        if self._readiness.state == "loading" and not self._calls:
            try:
                await self._readiness.wait()
            except CuestreamError:
                return  # a server without engines begins nothing; another one may
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._begin_due()
            except StorageError as error:
                log.warning("the queue of jobs cannot be read", reason=error.message)
                self._wake_after(_RETRY_S)

    async def _begin_due(self) -> None:
        while self._places() > 0 and not self._readiness.draining:
            claim = await self._store.claim(calls=self._calls)
            if claim.record is None:
                if claim.due_s is not None:
                    self._wake_after(max(0.0, claim.due_s))
                return
            self._begin(claim.record)

    def _wake_after(self, delay_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(delay_s, self.wake)
