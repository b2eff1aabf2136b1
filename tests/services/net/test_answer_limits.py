"""Answers of a real server on loopback that are larger or deeper than answers are."""

import asyncio
import gzip

import httpx2
import pytest
from pydantic import SecretStr

from app.domain.errors import TranslationError
from app.services.translation.llm.chat_request import ChatRequest
from app.services.translation.llm.connection import ChatConnection
from app.services.translation.llm.endpoint import Endpoint
from app.services.translation.llm.liveness import ServerLiveness
from app.services.translation.llm.metering import Meter
from app.services.translation.llm.provider_errors import PassingFailureError
from app.services.translation.llm.response_formats import Numbered
from app.services.translation.llm.vendors import VENDORS
from app.system.answer_limits import AnswerLimitError, AnswerLimits, limit_answer
from tests.services.loopback import LoopbackServer, ReceivedRequest, head

LIMITS = AnswerLimits(max_bytes=10_000, event_bytes=1000, structure=200)


def serve(
    web: LoopbackServer, body: bytes, kind: str = "text/event-stream", times: int = 1, **fields: str
) -> list[int]:
    """Serve pieces; return how many were sent."""
    sent: list[int] = []

    async def respond(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, length=None, kind=kind, **fields))
        for _ in range(times):
            writer.write(body)
            await writer.drain()
            sent.append(len(body))

    web.routes["/v1/chat/completions"] = respond
    return sent


async def fetched(web: LoopbackServer) -> int:
    async def limit(response: httpx2.Response) -> None:
        limit_answer(response, LIMITS)

    async with httpx2.AsyncClient(event_hooks={"response": [limit]}, trust_env=False) as client:
        return len((await client.get(web.url("/v1/chat/completions"))).content)


@pytest.mark.parametrize(
    ("body", "times"),
    [
        (b"data: x\n\n" * 5, 10),
        (b"data: " + b"x" * 900 + b"\r\n\r\n", 5),
        (b"\n", 150),
    ],
)
async def test_answers_within_their_limits(web: LoopbackServer, body: bytes, times: int) -> None:
    serve(web, body, times=times)
    assert await fetched(web) == len(body) * times


@pytest.mark.parametrize(
    ("body", "times"),
    [
        (b"data: " + b"x" * 500 + b"\n\n", 1000),  # too much in all
        (b"x" * 100, 50),  # an event without end
        (b"x\n", 600),  # one of many lines
        (b"[" * 300, 1),  # nested
    ],
)
async def test_answers_beyond_their_limits(web: LoopbackServer, body: bytes, times: int) -> None:
    serve(web, body, times=times)
    with pytest.raises(AnswerLimitError):
        await fetched(web)


async def test_an_answer_that_is_compressed_is_not_read(web: LoopbackServer) -> None:
    serve(web, gzip.compress(bytes(2**20)), Content_Encoding="gzip")
    with pytest.raises(AnswerLimitError, match="compressed"):
        await fetched(web)


async def answer(web: LoopbackServer) -> str:
    key = SecretStr("key")
    endpoint = Endpoint(VENDORS["openai_compatible"], web.url("/v1"), "a-model", key, 1)
    connection = ChatConnection(endpoint, ServerLiveness(5.0, answers_probes=True))
    request = ChatRequest(("a line",), lambda _: [{"role": "user", "content": "a line"}])
    try:
        return "".join([text async for text in connection.stream(request, Numbered(), Meter(1))])
    finally:
        await connection.close()


NESTED = b'{"choices": ' + b"[" * 5000 + b"]" * 5000 + b"}"
HOSTILE: dict[str, tuple[bytes, str, int]] = {
    "a large answer": (b" " * 2**18, "application/json", 2000),
    "a large event": (b"data: " + b"x" * 2**16, "text/event-stream", 64),
    "a large error": (b"x" * 2**18, "text/html", 2000),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_model_server_that_answers_without_end(web: LoopbackServer, name: str) -> None:
    body, kind, times = HOSTILE[name]
    sent = serve(web, body, kind, times)
    with pytest.raises(TranslationError, match="larger than answers are"):
        await answer(web)
    assert sum(sent) < 24 * 2**20
    assert web.received[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "br"])
async def test_a_model_server_that_compresses(web: LoopbackServer, encoding: str) -> None:
    serve(web, gzip.compress(bytes(2**20)), "application/json", Content_Encoding=encoding)
    with pytest.raises(TranslationError, match="compressed although"):
        await answer(web)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (NESTED[:9000] + NESTED[-9000:], "application/json"),
        (b"data: " + NESTED + b"\n\n", "text/event-stream"),
        (b'data: {"choices": 1, "_fields_set": 2, "self": 3}\n\n', "text/event-stream"),
        (b'{"_fields_set": 2, "self": 3, "choices": {}}', "application/json"),
        (b'{"choices": [' + b"9" * 5000 + b"]}", "application/json"),
        (b"data: [1, 2\n\n", "text/event-stream"),
        (b"[]", "application/json"),
    ],
)
async def test_a_model_server_whose_answer_is_no_answer(
    web: LoopbackServer, body: bytes, kind: str
) -> None:
    serve(web, body, kind)
    try:
        assert (await answer(web)).strip() == ""
    except (TranslationError, PassingFailureError) as error:
        assert "translation provider" in error.message
