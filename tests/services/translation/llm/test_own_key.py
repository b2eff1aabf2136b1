"""Translating at an address that a caller names: guarded, pinned, never redirected."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from app.domain.errors import InvalidFieldError, TranslationError, UrlBlockedError
from app.services.net.ssrf_guard import SsrfGuard
from app.services.translation.llm.guarded import GuardedTransport, check_api_url
from app.services.translation.llm.own_key import OwnKey, own_translator
from app.settings import Settings, SourceSettings
from tests.chat_server import ChatServer
from tests.chatting import lines_of, right, translated

HOME = Settings(sources=SourceSettings(allow_private_urls=True))


def own(url: str | None, model: str | None = "test-model", key: str = "sk-caller") -> OwnKey:
    return OwnKey(SecretStr(key), model, url)


async def test_the_caller_s_key_goes_to_the_caller_s_address() -> None:
    lines = lines_of("The river was high that year.")
    with ChatServer() as server:
        async with own_translator(own(server.url), HOME) as translator:
            assert await translated(translator, lines) == right(lines)
        (call,) = server.calls
        assert call.authorization == "Bearer sk-caller"
        assert call.headers["host"] == server.url.removeprefix("http://").removesuffix("/v1")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/v1",
        "http://localhost:{port}/v1",
        "http://0x7f000001:{port}/v1",
        "http://[::ffff:127.0.0.1]:{port}/v1",
        "http://10.0.0.1/v1",
        "http://100.64.0.1/v1",
        "http://169.254.169.254/latest",
        "http://user:pass@example.com/v1",
        "ftp://example.com/v1",
        "no address",
    ],
)
async def test_a_private_address_is_refused_ahead_of_any_connection(url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        address = url.format(port=listener.getsockname()[1])
        with pytest.raises(UrlBlockedError, match=r"^api_url: Invalid API URL$"):
            async with own_translator(own(address), Settings()):
                pass
        with pytest.raises(BlockingIOError):
            listener.accept()


async def test_a_name_that_changes_its_mind_gains_nothing() -> None:
    answers = [["93.184.215.14"], ["127.0.0.1"], ["127.0.0.1"]]
    asked: list[str] = []

    async def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        guard = SsrfGuard(resolver=resolver)
        url = f"http://rebinding.example:{listener.getsockname()[1]}/v1"
        await check_api_url(url, guard)
        async with httpx2.AsyncClient(transport=GuardedTransport(guard)) as client:
            with pytest.raises(httpx2.ConnectError):
                await client.get(url)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert len(asked) == 2


async def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    async def resolver(host: str, port: int) -> list[str]:
        return ["127.0.0.1"] if host == "model.example" else []

    with ChatServer() as server:
        port = server.url.split(":")[2].removesuffix("/v1")
        transport = GuardedTransport(SsrfGuard(True, resolver=resolver))
        async with httpx2.AsyncClient(transport=transport) as client:
            response = await client.get(f"http://model.example:{port}/v1/nothing")
            assert response.status_code == 404
            with pytest.raises(httpx2.ConnectError):
                await client.get(f"http://other.example:{port}/v1/models")


@pytest.fixture
def redirecting() -> Iterator[tuple[str, list[str]]]:
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.path)
            self.send_response(307)
            self.send_header("location", f"http://{self.headers['host']}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1", seen
    server.shutdown()
    server.server_close()


async def test_redirects_are_not_followed(redirecting: tuple[str, list[str]]) -> None:
    url, seen = redirecting
    async with own_translator(own(url), HOME) as translator:
        with pytest.raises(TranslationError):
            await translated(translator, lines_of("The river was high."))
    assert seen == ["/v1/chat/completions"]


@pytest.mark.parametrize(
    ("brought", "text"),
    [
        (own(None, None), "model: Model is required with api_key"),
        (own(None, ""), "model: Model is required with api_key"),
        (own(None, "two words"), "model: Invalid model ID"),
        (own(None, "-dash"), "model: Invalid model ID"),
        (own(None, "x" * 129), "model: Invalid model ID"),
        (own(None, "gpt-4o\n"), "model: Invalid model ID"),
        (own(None, "gpt-4o", "sk\r\nX-Evil: 1"), "api_key: Invalid API key"),
    ],
)
async def test_what_is_malformed_is_refused(brought: OwnKey, text: str) -> None:
    with pytest.raises(InvalidFieldError, match=f"^{text}$"):
        async with own_translator(brought, Settings()):
            pass
