"""Long work of many tasks takes one slice of each pass of the event loop."""

from __future__ import annotations

import asyncio

from app.system.loop_turns import LoopSlice, take_turn

_TASKS = 30
_TURNS = 5


async def test_one_task_goes_on_in_each_pass_of_the_loop() -> None:
    slices = asyncio.create_task(_slices_in_each_pass(), name="passes")
    taken: list[int] = []

    async def work(number: int) -> None:
        for _ in range(_TURNS):
            await take_turn()
            taken.append(number)
            _slices[0] += 1

    await asyncio.gather(*(work(number) for number in range(_TASKS)))
    slices.cancel()
    assert taken == [*range(_TASKS)] * _TURNS  # in turn
    assert max(_in_pass) == 1


async def test_a_cancelled_task_loses_its_turn_alone() -> None:
    done: list[str] = []

    async def work(name: str) -> None:
        await take_turn()
        done.append(name)

    first, second, third = (asyncio.create_task(work(name)) for name in "abc")
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(first, second, third, return_exceptions=True)
    assert done == ["a", "c"]


async def test_a_slice_goes_on_until_its_time_is_over() -> None:
    turn = LoopSlice()
    turn._ends_s = float("inf")
    ran: list[str] = []
    asyncio.get_running_loop().call_soon(ran.append, "another")
    await turn.pause()
    assert not ran
    turn._ends_s = 0.0
    await turn.pause()
    assert ran == ["another"]


_slices = [0]
_in_pass: list[int] = []


async def _slices_in_each_pass() -> None:
    before = 0
    while True:
        await asyncio.sleep(0)
        _in_pass.append(_slices[0] - before)
        before = _slices[0]
