"""How many requests go to one provider at a time, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from app.services.translation.llm.limiter import AdaptiveLimiter
from tests import chat_behaviours as b
from tests.chat_server import ChatServer
from tests.chatting import lines_of, right, translated, translator_at


async def test_no_more_requests_than_there_are_lanes_in_order_of_coming():
    limiter = AdaptiveLimiter(2)
    began: list[int] = []
    release = asyncio.Event()

    async def request(number: int) -> None:
        async with limiter.slot():
            began.append(number)
            await release.wait()

    tasks = [asyncio.create_task(request(number)) for number in range(5)]
    await asyncio.sleep(0)
    assert began == [0, 1]
    tasks[2].cancel()
    release.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert began == [0, 1, 3, 4]


async def test_a_request_that_is_given_up_as_its_turn_comes_passes_it_on():
    limiter = AdaptiveLimiter(1)
    release = asyncio.Event()

    async def hold() -> None:
        async with limiter.slot():
            await release.wait()

    async def quick() -> str:
        async with limiter.slot():
            return "done"

    first, second, third = (asyncio.create_task(each) for each in (hold(), hold(), quick()))
    await asyncio.sleep(0)
    release.set()
    await first
    second.cancel()
    async with asyncio.timeout(20):
        assert await third == "done"


async def test_the_limit_is_halved_once_for_all_that_were_under_way_and_grows_again():
    limiter = AdaptiveLimiter(8)
    async with limiter.slot() as one, limiter.slot() as other:
        limiter.throttled(one)
        assert limiter.limit == 4
        limiter.throttled(other)
        assert limiter.limit == 4, "it was under way already"
    async with limiter.slot() as later:
        limiter.throttled(later)
    assert limiter.limit == 2
    async with limiter.slot() as good:
        for _ in range(2):
            limiter.succeeded(good)
    assert limiter.limit == 2
    async with limiter.slot() as good:
        for _ in range(200):
            limiter.succeeded(good)
    assert limiter.limit == 8
    for _ in range(9):
        async with limiter.slot() as slot:
            limiter.throttled(slot)
    assert limiter.limit == 1


async def test_requests_are_paced():
    limiter = AdaptiveLimiter(100, rpm=600)
    loop = asyncio.get_running_loop()
    started_s = loop.time()

    async def request() -> None:
        async with limiter.slot():
            pass

    await asyncio.gather(*(request() for _ in range(65)))
    assert loop.time() - started_s >= 0.4, "60 at once, then 10 in a second"


async def test_jobs_share_a_provider_s_lanes_and_a_crowded_one_is_spared():
    with ChatServer(first_s=0.03) as server:
        translator = translator_at(server, concurrency=4)
        lines = lines_of("The river was high that year.")
        await translated(translator, lines)
        batches = [translated(translator, lines) for _ in range(20)]
        assert await asyncio.gather(*batches) == [right(lines)] * 20
        assert 1 < server.peak <= 4
        server.peak = 0
        server.script(b.rate_limited("0.01"))
        assert await translated(translator, lines) == right(lines)
        batches = [translated(translator, lines) for _ in range(2)]
        assert await asyncio.gather(*batches) == [right(lines)] * 2
        assert translator._providers[0]._limiter.limit in {2, 3}
        await translator.close()


class Simulated:
    """A server in simulated time with that many slots and a queue; each answer has 100 characters.

    Args:
        slots: requests that it works on at a time.
        speed: by how many requests it works on, characters a second for each of them.
    """

    def __init__(self, slots: int, speed: Callable[[int], float] = lambda _: 50.0) -> None:
        self.now_s = 0.0
        self.limiter = AdaptiveLimiter(8, grows=True, clock_s=lambda: self.now_s)
        self.limits: list[int] = []
        self.done: list[int] = []
        self._slots, self._speed = slots, speed
        self._queue: list[_Answer] = []

    async def serve(self, requests: int) -> None:
        """Serve requests that are all there from the beginning."""
        tasks = [asyncio.create_task(self._request(number)) for number in range(requests)]
        while not all(task.done() for task in tasks):
            for _ in range(3):
                await asyncio.sleep(0)
            self.now_s += 0.05
            at_work = self._queue[: self._slots]
            for answer in at_work:
                answer.advance(0.05, self._speed(len(at_work)))
            self._queue = [answer for answer in self._queue if not answer.ended.is_set()]
        await asyncio.gather(*tasks)

    async def _request(self, number: int) -> None:
        async with self.limiter.slot() as slot:
            answer = _Answer(lambda piece: self.limiter.wrote(slot, piece))
            self._queue.append(answer)
            await answer.ended.wait()
            self.limiter.succeeded(slot)
            self.limits.append(self.limiter.limit)
            self.done.append(number)


class _Answer:
    """An answer that is written after half a second of reading."""

    def __init__(self, wrote: Callable[[str], None]) -> None:
        self.ended = asyncio.Event()
        self._wrote = wrote
        self._read_s = self._chars = 0.0

    def advance(self, step_s: float, chars_per_s: float) -> None:
        if self._read_s < 0.5:
            self._read_s += step_s * chars_per_s / 50.0
            return
        before = int(self._chars)
        self._chars += step_s * chars_per_s
        if int(self._chars) > before:
            self._wrote("x" * (int(self._chars) - before))
        if self._chars >= 100:
            self.ended.set()


@pytest.mark.parametrize("slots", [1, 2, 4])
async def test_local_concurrency_settles_at_the_server_s_slots(slots: int):
    server = Simulated(slots)
    assert server.limiter.limit == 1
    await server.serve(80)
    settled = server.limits[30:]
    assert slots <= sum(settled) / len(settled) <= slots + 1.5
    assert max(settled) <= slots + 2
    assert server.limiter.planned == server.limiter.limit
    assert server.done[:50] == sorted(server.done[:50]), "in the order of coming"


async def test_local_concurrency_grows_to_the_maximum_where_it_pays():
    server = Simulated(100)
    await server.serve(100)
    assert server.limits[-1] == 8


async def test_local_concurrency_stays_low_where_requests_slow_one_another():
    server = Simulated(100, lambda at_work: 50.0 / at_work)
    await server.serve(100)
    assert set(server.limits[20:]) <= {1, 2}


async def test_local_concurrency_shrinks_when_the_server_has_fewer_slots_than_before():
    server = Simulated(4)
    await server.serve(100)
    assert server.limits[-1] >= 4
    server._slots = 1
    await server.serve(100)
    assert set(server.limits[-40:]) <= {1, 2}


async def test_local_concurrency_does_not_grow_without_need():
    server = Simulated(8)
    for _ in range(20):
        await server.serve(1)
    assert server.limits[-1] <= 2


async def test_a_local_server_is_asked_one_request_first_and_all_are_answered():
    with ChatServer(slots=2, first_s=0.05) as server:
        translator = translator_at(server, provider="llamacpp", server_api_key=None, concurrency=8)
        lines = lines_of("The river was high that year.")
        assert translator.concurrency == 1
        batches = [translated(translator, lines) for _ in range(12)]
        assert await asyncio.gather(*batches) == [right(lines)] * 12
        assert (len(server.calls), server.abandoned) == (12, 0)
        assert 1 < server.peak <= 8
        await translator.close()
