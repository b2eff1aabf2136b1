"""How many requests go to one provider at a time, and how often."""

from __future__ import annotations

import asyncio

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
