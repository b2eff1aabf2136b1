"""A connection to a chat-completions server: what is closed, and when an answer is cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest

from app.domain.errors import TranslationIncompleteError
from app.services.translation.llm.chat_request import ChatRequest
from app.services.translation.llm.connection import ChatConnection
from app.services.translation.llm.endpoint import Endpoint
from app.services.translation.llm.liveness import ServerLiveness
from app.services.translation.llm.metering import Meter
from app.services.translation.llm.response_formats import Numbered, NumberedLines, ReasoningFilter
from app.services.translation.llm.vendors import VENDORS
from tests.chat_server import ChatServer
from tests.chatting import lines_of, translated, translator_at


class Answer(httpx2.AsyncByteStream):
    """A stream of events that never ends and knows whether it was closed."""

    def __init__(self) -> None:
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b": waiting\n\n"
        await asyncio.Event().wait()

    async def aclose(self) -> None:
        self.closed = True


class AnswersAsTheReaderLeaves(httpx2.AsyncBaseTransport):
    """Answers in the same turn of the event loop in which the reader is cancelled."""

    def __init__(self) -> None:
        self.answer = Answer()
        self.reader: asyncio.Task[str] | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        assert self.reader is not None
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(self.reader.cancel)
        headers = {"content-type": "text/event-stream"}
        return httpx2.Response(200, headers=headers, stream=self.answer)


async def test_an_answer_that_arrives_as_its_reader_leaves_is_closed() -> None:
    transport = AnswersAsTheReaderLeaves()
    endpoint = Endpoint(VENDORS["openai"], "http://model.example/v1", "m", None, 1)
    liveness = ServerLiveness(60, answers_probes=False)
    connection = ChatConnection(endpoint, liveness, transport)
    request = ChatRequest(("one",), lambda form: [{"role": "user", "content": "one"}])
    parts = connection.stream(request, Numbered(), Meter(1))

    async def first() -> str:
        return await anext(parts)

    transport.reader = asyncio.create_task(first())
    with pytest.raises(asyncio.CancelledError):
        await transport.reader
    assert transport.answer.closed
    await connection.close()


async def test_a_model_that_writes_without_end_is_cut_where_the_server_knows_no_limit() -> None:
    with ChatServer(chunk_chars=400) as server:
        server.behaviour = lambda call, reply: replace(
            reply, text="and so on, and so on " * 200_000
        )
        translator = translator_at(server, provider="openai_compatible", attempts=1)
        with pytest.raises(TranslationIncompleteError):
            await translated(translator, lines_of("The river was high that year."))
        assert "max_tokens" not in server.calls[0].body
        while server.abandoned < len(server.calls):
            await asyncio.sleep(0.01)
        await translator.close()


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_pieces_of_any_size_give_the_same_answer(size: int) -> None:
    text = "  <think>1| a draft\n</thin </think>\n1| one\nprose\n2| two\n"
    reasoning, lines = ReasoningFilter(), NumberedLines()
    found = [
        member
        for start in range(0, len(text), size)
        for member in lines.feed(reasoning.feed(text[start : start + size]))
    ]
    assert found == [("1", "one"), ("2", "two")]
