"""Work on texts in threads and processes of its own."""

from __future__ import annotations

import asyncio
import os

import psutil
import pytest

from app.domain.errors import CuestreamError, InvalidCaptionsError, TooMuchWorkError
from app.system import bounded_work
from app.system.bounded_work import SMALL_CHARS, work_on
from tests.system.bounded_calls import doubled, endless, failing, greedy

LARGE = SMALL_CHARS + 1


@pytest.mark.parametrize("count", [0, 1, 200, 1001])
async def test_large_work_runs_in_a_process_that_gives_everything_back(count: int) -> None:
    (pid, _), *found = await work_on(doubled, range(count), 5, chars=LARGE)
    assert pid != os.getpid()
    assert not psutil.pid_exists(pid)
    assert found == [2 * n + 5 for n in range(count)]


async def test_small_work_runs_in_threads_of_its_own() -> None:
    (pid, name), *found = await work_on(doubled, [1, 2], 0, chars=SMALL_CHARS)
    assert (pid, found) == (os.getpid(), [2, 4])
    assert name.startswith("text")


@pytest.mark.parametrize("chars", [1, LARGE])
async def test_errors_of_the_house_come_back(chars: int) -> None:
    with pytest.raises(InvalidCaptionsError, match="No captions"):
        await work_on(failing, [], chars=chars)


async def test_a_process_that_wants_too_much_memory_ends_with_a_clear_error() -> None:
    with pytest.raises(TooMuchWorkError):
        await work_on(greedy, [], chars=LARGE)


async def test_a_process_is_killed_when_nobody_waits_any_more() -> None:
    ours = psutil.Process()
    before = {child.pid for child in ours.children(recursive=True)}
    works = [asyncio.create_task(work_on(endless, [], chars=LARGE)) for _ in range(5)]
    while len(running := children(before)) < bounded_work._PROCESSES:
        await asyncio.sleep(0.05)
    assert len(running) == bounded_work._PROCESSES, "the others wait"
    for work in works:
        work.cancel()
    await asyncio.gather(*works, return_exceptions=True)
    assert children(before) == []
    assert (await work_on(doubled, [4], 0, chars=LARGE))[1:] == [8], "the places are free again"


def children(before: set[int]) -> list[int]:
    found = psutil.Process().children(recursive=True)
    return [child.pid for child in found if child.pid not in before]


async def test_no_more_than_a_bounded_number_wait() -> None:
    works = [asyncio.create_task(work_on(endless, [], chars=LARGE)) for _ in range(70)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    done = [work for work in works if work.done()]
    assert done
    assert all(isinstance(work.exception(), CuestreamError) for work in done)
    for work in works:
        work.cancel()
    await asyncio.gather(*works, return_exceptions=True)
