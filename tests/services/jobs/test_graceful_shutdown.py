"""SIGTERM: refuse new work, let streams finish, end the others, then let the server go."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from app.services.jobs.graceful_shutdown import GracefulShutdown


class Server:
    """What a shutdown acts on; every step is noted in order."""

    def __init__(self, finish_s: float = 5.0) -> None:
        self.steps: list[str] = []
        self.jobs: list[object] = []
        self.readiness = SimpleNamespace(draining=False)
        self.streams = SimpleNamespace(readers=0, leave=self._leave)
        self.gone = asyncio.Event()
        runner: Any = self
        readiness: Any = self.readiness
        streams: Any = self.streams
        self.shutdown = GracefulShutdown(
            readiness, runner, streams, finish_s, close_live=self._close_live
        )

    @property
    def running(self) -> list[object]:
        return self.jobs

    async def close(self) -> None:
        self.steps.append("jobs cancelled")

    def _leave(self) -> None:
        self.steps.append("streams ended")

    async def _close_live(self) -> None:
        self.steps.append("live streams ended")


@pytest.fixture
def previous_handler() -> Iterator[list[int]]:
    """Take the place of the server's own handler; the signals that reach it."""
    received: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    yield received
    signal.signal(signal.SIGTERM, before)


async def until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def test_without_jobs_every_step_comes_in_order_and_the_servers_handler_last(
    previous_handler: list[int],
) -> None:
    server = Server()
    server.shutdown.install()
    os.kill(os.getpid(), signal.SIGTERM)
    await until(lambda: previous_handler)
    assert server.readiness.draining
    assert server.steps == ["streams ended", "live streams ended", "jobs cancelled"]
    assert previous_handler == [signal.SIGTERM]


async def test_a_running_job_may_finish_while_new_work_is_refused(
    previous_handler: list[int],
) -> None:
    server = Server(finish_s=20)
    server.jobs.append("job")
    server.shutdown.install()
    os.kill(os.getpid(), signal.SIGTERM)
    await until(lambda: server.readiness.draining)
    await asyncio.sleep(0.2)
    assert server.steps == [], "its streams go on"
    server.jobs.clear()
    await until(lambda: previous_handler)
    assert server.steps[0] == "streams ended"


async def test_a_job_that_does_not_finish_in_time_is_cancelled(
    previous_handler: list[int],
) -> None:
    server = Server(finish_s=0.1)
    server.jobs.append("job")
    server.shutdown.install()
    os.kill(os.getpid(), signal.SIGTERM)
    await until(lambda: previous_handler)
    assert server.steps == ["streams ended", "live streams ended", "jobs cancelled"]


async def test_a_second_signal_changes_nothing(previous_handler: list[int]) -> None:
    server = Server(finish_s=0.2)
    server.jobs.append("job")
    server.shutdown.install()
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.02)
    await until(lambda: previous_handler)
    await asyncio.sleep(0.1)
    assert previous_handler == [signal.SIGTERM]
    assert server.steps.count("jobs cancelled") == 1


async def test_live_streams_that_do_not_end_hold_the_shutdown_for_a_moment_only(
    previous_handler: list[int],
) -> None:
    server = Server()

    async def never() -> None:
        await asyncio.Event().wait()

    server.shutdown._close_live = never
    server.shutdown.install()
    os.kill(os.getpid(), signal.SIGTERM)
    await until(lambda: previous_handler)
    assert server.steps == ["streams ended", "jobs cancelled"]


async def test_outside_the_main_thread_no_handler_is_installed(
    previous_handler: list[int],
) -> None:
    server, before = Server(), signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=server.shutdown.install)
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGTERM) is before
    assert previous_handler == []
