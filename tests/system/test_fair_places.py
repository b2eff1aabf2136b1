"""Places for costly work: callers take turns, and none holds all there is."""

from __future__ import annotations

import asyncio

import pytest

from app.domain.errors import OverloadedError
from app.system.fair_places import CALLER, FairPlaces


class Work:
    """Tasks that hold a place until they are told to leave, in the order in which they got it."""

    def __init__(self, places: FairPlaces) -> None:
        self._places = places
        self.begun: list[str] = []
        self._leave: dict[str, asyncio.Event] = {}

    async def ask(self, name: str) -> asyncio.Task[None]:
        """Ask for a place; the name begins with its caller's."""
        self._leave[name] = asyncio.Event()
        task = asyncio.create_task(self._hold(name))
        await asyncio.sleep(0)
        return task

    async def end(self, name: str) -> None:
        self._leave[name].set()
        for _ in range(4):
            await asyncio.sleep(0)

    async def _hold(self, name: str) -> None:
        CALLER.set(name[0])
        async with self._places.place():
            self.begun.append(name)
            await self._leave[name].wait()


async def test_callers_take_turns() -> None:
    work = Work(FairPlaces(1, 64, 16))
    tasks = [await work.ask(name) for name in ("a1", "a2", "a3", "a4", "b1", "c1", "b2")]
    for name in ("a1", "a2", "b1", "c1", "a3", "b2", "a4"):
        assert work.begun[-1] == name
        await work.end(name)
    await asyncio.gather(*tasks)


async def test_one_caller_waits_for_a_share_alone() -> None:
    work = Work(FairPlaces(1, 64, 2))
    tasks = [await work.ask(name) for name in ("a1", "a2", "a3")]
    with pytest.raises(OverloadedError):
        await (await work.ask("a4"))
    tasks.append(await work.ask("b1"))
    for name in ("a1", "a2", "b1", "a3"):
        await work.end(name)
    await asyncio.gather(*tasks)


async def test_all_together_wait_for_so_many() -> None:
    work = Work(FairPlaces(1, 2, 2))
    tasks = [await work.ask(name) for name in ("a1", "b1", "c1")]
    with pytest.raises(OverloadedError):
        await (await work.ask("d1"))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_whoever_leaves_gives_up_his_place_and_his_turn() -> None:
    work = Work(FairPlaces(1, 64, 16))
    first, second, third, fourth = [await work.ask(name) for name in ("a1", "b1", "c1", "d1")]
    second.cancel()
    await asyncio.sleep(0)
    work._leave["a1"].set()
    while work.begun != ["a1", "c1"]:
        await asyncio.sleep(0)
    third.cancel()
    while work.begun != ["a1", "c1", "d1"]:
        await asyncio.sleep(0)
    await work.end("d1")
    await asyncio.gather(first, fourth)
    again = await work.ask("e1")
    assert work.begun[-1] == "e1", "the place is free"
    await work.end("e1")
    await again


async def test_a_turn_that_comes_as_its_caller_leaves_goes_on_to_the_next() -> None:
    work = Work(FairPlaces(1, 64, 16))
    _, second, third = [await work.ask(name) for name in ("a1", "b1", "c1")]
    work._leave["a1"].set()
    await asyncio.sleep(0)
    second.cancel()
    while work.begun[-1] != "c1":
        await asyncio.sleep(0)
    assert second.cancelled() or second.done()
    await work.end("c1")
    await third


async def test_one_caller_holds_his_share_of_the_places_alone() -> None:
    work = Work(FairPlaces(3, 64, 16, caller_places=2))
    tasks = [await work.ask(name) for name in ("a1", "a2", "a3", "b1", "b2")]
    assert work.begun == ["a1", "a2", "b1"], "a3 waits though a place was free"
    await work.end("b1")
    assert work.begun[-1] == "b2", "whoever holds all he may is passed over"
    await work.end("a1")
    assert work.begun[-1] == "a3"
    for name in ("a2", "a3", "b2"):
        await work.end(name)
    await asyncio.gather(*tasks)
