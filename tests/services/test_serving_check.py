"""The health check tells when a server that is ready cannot serve."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.routers.health_routes import ping_response
from app.services.readiness import Readiness
from app.services.serving_check import ServingCheck
from app.settings import Settings
from app.system.thread_groups import DISK, STATUS, ThreadGroup


@pytest.fixture
def engines() -> Any:
    async def load() -> None:
        return None

    return SimpleNamespace(broken=False, longest_call_s=0.0, load=load, statuses=())


@pytest.fixture
async def readiness(engines: Any) -> Readiness:
    async def probe() -> None:
        return None

    works: Any = SimpleNamespace(probe=probe, name="", detail="")
    made = Readiness(Settings(), engines, works, lambda _: works)
    await made.load()
    return made


async def test_an_engine_that_does_not_return_fails_the_health_check_until_it_does(
    readiness: Readiness, engines: Any, tmp_path: Path
) -> None:
    check = ServingCheck(readiness, tmp_path, engine_stall_s=600)
    await check.look()
    assert ping_response(readiness).status_code == 200
    engines.longest_call_s = 601.0
    await check.look()
    assert (readiness.state, ping_response(readiness).status_code) == ("stalled", 503)
    assert readiness.stalled == "an engine has not answered for 601 s"
    engines.longest_call_s = 2.0
    await check.look()
    assert (readiness.state, ping_response(readiness).status_code) == ("ready", 200)


async def test_a_thread_of_the_engines_that_has_ended_fails_it(
    readiness: Readiness, engines: Any, tmp_path: Path
) -> None:
    engines.broken = True
    await ServingCheck(readiness, tmp_path, engine_stall_s=600).look()
    assert ping_response(readiness).status_code == 503


@contextmanager
def all_busy(group: ThreadGroup) -> Iterator[None]:
    """Let every thread of a group wait, as for a volume that hangs."""
    release = threading.Event()
    most = group._threads._max_workers
    waiting = [group._threads.submit(release.wait) for _ in range(most)]
    try:
        yield
    finally:
        release.set()
        for each in waiting:
            each.result()


async def test_a_disk_that_hangs_fails_it_and_holds_up_nothing_else(
    readiness: Readiness, tmp_path: Path
) -> None:
    check = ServingCheck(readiness, tmp_path, engine_stall_s=600, disk_stall_s=0.05)
    with all_busy(DISK):
        await check.look()
        assert readiness.stalled == "the disk has not answered for 0 s"
        assert await STATUS.run(threading.get_ident) != threading.get_ident()
    await check.look()
    assert readiness.state == "ready"


async def test_a_folder_that_is_gone_fails_it(readiness: Readiness, tmp_path: Path) -> None:
    await ServingCheck(readiness, tmp_path / "gone", engine_stall_s=600).look()
    assert "gone" in (readiness.stalled or "")


async def test_a_server_that_leaves_says_so_whatever_is_stalled(readiness: Readiness) -> None:
    readiness.stalled, readiness.draining = "an engine", True
    assert readiness.state == "draining"
