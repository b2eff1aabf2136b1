"""How long a request is waited for: queues of slow servers, lost requests, dead servers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from app.domain.errors import TranslationError
from app.services.translation.llm.chat_translator import ChatTranslator
from app.services.translation.translator import SourceLine
from tests import chat_behaviours as b
from tests.chat_server import ChatServer
from tests.chatting import lines_of, right, translated, translator_at

SILENCE_S = 0.3
LINES = lines_of("The river was high that year.", "We went to the mill at noon.")


async def at_once(translator: ChatTranslator, count: int) -> list[dict[int, str]]:
    """Translate the lines several times side by side, behind one that opens the gate."""
    await translated(translator, LINES)
    return await asyncio.gather(*(translated(translator, LINES) for _ in range(count)))


async def refused(translator: ChatTranslator, lines: Sequence[SourceLine] = LINES) -> str:
    with pytest.raises(TranslationError) as caught:
        await translated(translator, lines)
    return caught.value.message


@pytest.mark.parametrize(
    ("provider", "silence_s", "tokens_per_s"),
    [("openai_compatible", 0.3, 30.0), ("openai", 2.0, 8.0)],
)
async def test_four_requests_at_one_slot_are_each_sent_once(
    provider: str, silence_s: float, tokens_per_s: float
):
    with ChatServer(slots=1, tokens_per_s=tokens_per_s, chunk_chars=2) as server:
        translator = translator_at(server, provider=provider, timeout_s=silence_s, attempts=1)
        assert await at_once(translator, 4) == [right(LINES)] * 4
        assert (len(server.calls), server.abandoned, server.peak) == (5, 0, 4)
        waited_s = server.completion_tokens / tokens_per_s * 3 / 5
        assert waited_s > 3 * silence_s, "the fourth request waited longer than silence is allowed"
        await translator.close()


async def test_a_long_answer_is_read_to_its_end():
    lines = lines_of(*(f"The river was high in the year {1900 + year}." for year in range(16)))
    with ChatServer(tokens_per_s=60.0, chunk_chars=4) as server:
        translator = translator_at(server, provider="openai_compatible", timeout_s=0.1, attempts=1)
        assert await translated(translator, lines) == right(lines)
        assert len(server.calls) == 1
        assert server.completion_tokens / 60.0 > 20 * 0.1
        await translator.close()


async def test_a_model_that_is_loaded_slowly_is_waited_for():
    with ChatServer(first_s=3 * SILENCE_S) as server:
        translator = translator_at(
            server, provider="llamacpp", timeout_s=SILENCE_S, attempts=1, server_api_key=None
        )
        assert await translated(translator, LINES) == right(LINES)
        assert len(server.calls) == 1
        assert server.probes >= 1
        await translator.close()


async def test_a_dead_server_is_given_up():
    with ChatServer() as server:
        server.dead = True
        translator = translator_at(
            server, provider="llamacpp", timeout_s=SILENCE_S, server_api_key=None
        )
        async with asyncio.timeout(60):
            assert await refused(translator) == "The translation provider does not answer"
        await translator.close()


async def test_a_server_that_dies_in_the_middle_is_given_up():
    with ChatServer() as server:
        server.behaviour = b.cut("hang", 5)
        translator = translator_at(
            server, provider="llamacpp", timeout_s=SILENCE_S, server_api_key=None
        )
        task = asyncio.create_task(refused(translator))
        while not server.calls:
            await asyncio.sleep(0.01)
        server.dead = True
        async with asyncio.timeout(60):
            assert await task == "The translation provider does not answer"
        await translator.close()


async def test_a_server_that_lives_and_never_writes_is_given_up_without_another_request():
    with ChatServer(first_s=600.0) as server:
        translator = translator_at(
            server, provider="llamacpp", timeout_s=0.15, attempts=4, server_api_key=None
        )
        async with asyncio.timeout(60):
            assert await refused(translator) == "The translation provider does not finish"
        assert len(server.calls) == 1
        assert server.probes >= 5
        await translator.close()


async def test_a_large_service_that_is_silent_is_asked_again_without_a_probe():
    with ChatServer() as server:
        server.script(b.lost)
        translator = translator_at(server, timeout_s=2.0)
        async with asyncio.timeout(60):
            assert await translated(translator, LINES) == right(LINES)
        assert (len(server.calls), server.probes) == (2, 0)
        await translator.close()


async def test_a_request_that_others_overtake_is_asked_again_while_they_are_answered():
    def lost_once(call: b.Call, reply: b.Reply) -> b.Reply:
        first = [each for each in server.calls if "mill" in str(each.lines)]
        return b.lost(call, reply) if [call] == first else reply

    with ChatServer(first_s=0.02) as server:
        translator = translator_at(
            server, provider="openai_compatible", timeout_s=SILENCE_S, concurrency=2
        )
        others = lines_of("The river was high that year.")
        await translated(translator, others)
        server.behaviour = lost_once
        lost = asyncio.create_task(translated(translator, lines_of("We went to the mill at noon.")))
        async with asyncio.timeout(60):
            while not lost.done():
                assert await translated(translator, others) == right(others)
        assert len([call for call in server.calls if "mill" in str(call.lines)]) == 2
        await translator.close()
