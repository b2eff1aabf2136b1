"""The real server under gunicorn, in processes of its own, for the length of one measurement."""

from __future__ import annotations

import asyncio
import json
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.figure import BenchError
from bench.machine import cpu_s
from bench.whisper import BEAM
from bench.wire import Connection
from tests.server import ServerProcess

_QUIET_SHARE = 0.08
_QUIET_LOOK_S = 0.25
_QUIET_LIMIT_S = 30.0


class Server:
    """A server that is ready.

    Attributes:
        port: of its API.
        worker: the process that serves requests, engines included; ffmpeg and translators are its
            children.
    """

    def __init__(self, process: ServerProcess) -> None:
        self._process = process
        self.port = process.port
        workers = psutil.Process(process.process.pid).children()
        if len(workers) != 1:
            raise BenchError(f"one worker process was expected, not {len(workers)}")
        self.worker: psutil.Process = workers[0]

    @property
    def tree(self) -> list[psutil.Process]:
        """The worker and all its descendants."""
        return [self.worker, *self.worker.children(recursive=True)]

    async def health(self) -> dict[str, Any]:
        """Return the body of `/health`."""
        connection = await Connection.open(self.port)
        try:
            headers = await connection.ask("GET", "/health", {})
            body: dict[str, Any] = json.loads(await connection.read(headers))
            return body
        finally:
            await connection.close()

    async def settle(self) -> None:
        """Wait until no job runs and the processes rest.

        Raises:
            BenchError: they go on working.
        """
        await self.rest(running=0)

    async def rest(self, running: int | None = None) -> None:
        """Wait until the processes rest, whether a job runs or not.

        Args:
            running: jobs that must run then; None for any.

        Raises:
            BenchError: they go on working.
        """
        deadline_s = time.monotonic() + _QUIET_LIMIT_S
        while time.monotonic() < deadline_s:
            before_s = cpu_s(self.tree)
            await asyncio.sleep(_QUIET_LOOK_S)
            spent_s = cpu_s(self.tree) - before_s
            jobs = (await self.health())["jobs"]["running"]
            if running in (None, jobs) and spent_s < _QUIET_SHARE * _QUIET_LOOK_S:
                return
        raise BenchError("the server did not come to rest")

    def terminate(self) -> None:
        """Send SIGTERM, as an orchestrator does."""
        self._process.process.send_signal(signal.SIGTERM)


@asynccontextmanager
async def serving(**settings: str) -> AsyncIterator[Server]:
    """Run a server with these settings within the block.

    By default it runs Whisper tiny.en on one thread and makes no second attempt, and nothing is
    cached from one job to the next, in memory or on disk, so every job is done in full.
    """
    with tempfile.TemporaryDirectory() as folder:
        process = ServerProcess(Path(folder), _all(settings), executed=True)
        try:
            await asyncio.to_thread(process.wait_ready)
            yield Server(process)
        except AssertionError as error:
            raise BenchError(f"the server does not run: {error}") from error
        finally:
            await asyncio.to_thread(process.stop)


def _all(settings: Mapping[str, str]) -> dict[str, str]:
    return {
        "RATE_LIMITS_ENABLED": "false",
        "TRANSCRIPT_CACHE_WINDOWS": "0",
        "CACHE_MAX_SIZE_MB": "0",
        "LOG_LEVEL": "WARNING",
        "WHISPER_BEAM_SIZE": str(BEAM),
        "WHISPER_TEMPERATURES": "0.0",
        **settings,
    }
