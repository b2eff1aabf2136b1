"""Connection to a chat-completions server through OpenAI's SDK."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from functools import cached_property
from typing import Any

import httpx2
from openai import AsyncOpenAI, AsyncStream, Timeout
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from app.services.translation.llm.chat_request import ChatRequest
from app.services.translation.llm.endpoint import Endpoint
from app.services.translation.llm.metering import Meter
from app.services.translation.llm.provider_errors import map_sdk_errors
from app.services.translation.llm.response_formats import AnswerFormat

CUT_SHORT = frozenset({"length", "content_filter"})
"""Finish reasons after which the answer's last line may be half of one."""


async def chunks(stream: AsyncStream[ChatCompletionChunk]) -> AsyncGenerator[object, None]:
    """Yield the parts of an answer; one part where the server does not stream."""
    if not str(stream.response.headers.get("content-type", "")).startswith("application/json"):
        async for chunk in stream:
            yield chunk
        return
    body = json.loads(await stream.response.aread())
    yield ChatCompletion.construct(**body) if isinstance(body, dict) else None


def text_of(chunk: object) -> str:
    """Return a part's text."""
    choice = _choice(chunk)
    message = getattr(choice, "delta", None) or getattr(choice, "message", None)
    text = getattr(message, "content", None)
    return text if isinstance(text, str) else ""


def ending_of(chunk: object) -> object:
    """Return the finish reason; None before the last part."""
    return getattr(_choice(chunk), "finish_reason", None)


def usage_of(chunk: object) -> object:
    """Return the token usage by the provider; None where it reports none."""
    return getattr(chunk, "usage", None)


def _choice(chunk: object) -> object:
    """Return a part's only choice; the SDK does not validate responses."""
    choices = getattr(chunk, "choices", None)
    return choices[0] if isinstance(choices, list) and choices else None


_CONNECT_S = 10.0
"""Timeout of connecting."""

_TOTAL_FACTOR = 5
"""A request may last this many times the read timeout: some servers send keep-alives without
end."""

_SPARE_TOKENS = 8192
"""Token limit of an answer beyond four times the expected tokens."""


class ChatConnection:
    """Connections to one endpoint.

    Args:
        endpoint: address, key, model and vendor.
        timeout_s: read timeout of a request.
        transport: carries the requests; the SDK's own unless given.

    Attributes:
        plain: whether requests hold only fields that every server knows.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        timeout_s: float,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.plain = False
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self._transport = transport

    async def close(self) -> None:
        """Close the connections, if there ever were any."""
        if "_client" in self.__dict__:
            await self._client.close()

    async def stream(
        self, request: ChatRequest, form: AnswerFormat, meter: Meter
    ) -> AsyncGenerator[str, None]:
        """Yield the answer's text as it comes; the first piece may be empty.

        A line end follows unless the model was cut short, so that a complete last line can be
        distinguished from half of one.

        Raises:
            TranslationAuthError: the key was refused.
            TranslationQuotaError: the quota is used up.
            TranslationError: another attempt will not help.
            PassingFailureError: another attempt may help.
            FormRefusedError: another answer format may help.
        """
        deadline_s = asyncio.get_running_loop().time() + _TOTAL_FACTOR * self._timeout_s
        whole = True
        with map_sdk_errors():
            async with asyncio.timeout_at(deadline_s):
                stream = await self._open(request, form)
            meter.answered = True
            async with stream:
                parts = chunks(stream)
                while True:
                    async with asyncio.timeout_at(deadline_s):
                        part = await anext(parts, None)
                    if part is None:
                        break
                    whole = whole and ending_of(part) not in CUT_SHORT
                    meter.read(usage_of(part))
                    piece = text_of(part)
                    meter.wrote(piece)
                    yield piece
        if whole:
            yield "\n"

    async def _open(
        self, request: ChatRequest, form: AnswerFormat
    ) -> AsyncStream[ChatCompletionChunk]:
        stream: AsyncStream[ChatCompletionChunk] = await self._client.chat.completions.create(
            model=self._endpoint.model,
            messages=request.write(form),
            response_format=form.response_format(request.count),
            stream=True,
            **self._extras(request),
        )
        return stream

    @cached_property
    def _client(self) -> AsyncOpenAI:
        key = self._endpoint.key
        timeout = Timeout(self._timeout_s, connect=min(_CONNECT_S, self._timeout_s))
        http_client = None
        if self._transport is not None:
            http_client = httpx2.AsyncClient(
                transport=self._transport, timeout=timeout, follow_redirects=False, trust_env=False
            )
        client = AsyncOpenAI(
            api_key=key.get_secret_value() if key else "none",
            base_url=self._endpoint.base_url,
            timeout=timeout,
            max_retries=0,
            http_client=http_client,
        )
        # The SDK takes these from the environment; other vendors must not see them.
        client.organization = client.project = None
        return client

    def _extras(self, request: ChatRequest) -> Any:
        """Return the optional fields of the request under the vendor's names."""
        vendor = self._endpoint.vendor
        extras: dict[str, object] = {}
        if not self.plain and vendor.takes_usage:
            extras["stream_options"] = {"include_usage": True}
        if not self.plain and vendor.limit_name is not None:
            extras[vendor.limit_name] = _SPARE_TOKENS + 4 * request.answer_tokens
        return extras
