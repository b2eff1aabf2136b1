"""Watch over a server that is ready: whether it can still serve."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import structlog

from app.services.readiness import Readiness
from app.system.thread_groups import DISK

log = structlog.get_logger()

_EVERY_S = 5.0

_DISK_S = 20.0
"""A folder that is not looked up in that time hangs, or everything that waits for it does."""


class ServingCheck:
    """Finds out every few seconds whether requests can be served, for the health check.

    The event loop that answers the health check may be well while nothing else is: an engine's
    call that does not return holds the device, and a volume that hangs holds every upload.

    Args:
        readiness: notes why the server cannot serve, and when it can again.
        folder: of temporary files.
        engine_stall_s: time of one call of an engine after which it does not count as work.
        disk_stall_s: the same for the folder.
    """

    def __init__(
        self,
        readiness: Readiness,
        folder: Path,
        engine_stall_s: float,
        disk_stall_s: float = _DISK_S,
    ) -> None:
        self._readiness = readiness
        self._folder = folder
        self._engine_stall_s = engine_stall_s
        self._disk_stall_s = disk_stall_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="serving-check")

    async def close(self) -> None:
        """Stop the checks."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> None:
        """Check once; log a change and note it in the readiness."""
        stalled = self._engine_reason() or await self._disk_reason()
        if stalled != self._readiness.stalled:
            if stalled:
                log.error("the server cannot serve", reason=stalled)
            else:
                log.info("the server can serve again")
        self._readiness.stalled = stalled

    async def _run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(_EVERY_S)

    def _engine_reason(self) -> str | None:
        engines = self._readiness.engine_manager
        if engines.broken:
            return "a thread of the engines has ended"
        longest_s = engines.longest_call_s
        if longest_s > self._engine_stall_s:
            return f"an engine has not answered for {longest_s:.0f} s"
        return None

    async def _disk_reason(self) -> str | None:
        try:
            async with asyncio.timeout(self._disk_stall_s):
                await DISK.run(os.stat, self._folder)
        except TimeoutError:
            return f"the disk has not answered for {self._disk_stall_s:.0f} s"
        except OSError as error:
            return f"the folder for temporary files is gone: {error.strerror}"
        return None
