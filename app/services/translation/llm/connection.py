"""Connection to a chat-completions server through OpenAI's SDK."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import cached_property
from typing import Any

import httpx2
import openai
from openai import AsyncOpenAI, AsyncStream, DefaultAsyncHttpxClient, Timeout
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from app.services.translation.llm.chat_request import ChatRequest
from app.services.translation.llm.endpoint import Endpoint
from app.services.translation.llm.liveness import RequestWatch, ServerLiveness
from app.services.translation.llm.metering import Meter
from app.services.translation.llm.provider_errors import PassingFailureError, map_sdk_errors
from app.services.translation.llm.response_formats import AnswerFormat
from app.system.answer_limits import PLAIN_HEADERS, AnswerLimits, limit_answer
from app.system.kept_connections import resent_unanswered

CUT_SHORT = frozenset({"length", "content_filter"})
"""Finish reasons after which the answer's last line may be half of one."""


_WHOLE = AnswerLimits(max_bytes=2**20, structure=10_000)
"""An answer at once: far more than a batch of 16 lines takes, with the reasoning before it."""

_STREAM = AnswerLimits(max_bytes=16 * 2**20, event_bytes=2**16, structure=500_000)
"""An answer in events of some 300 bytes for each token: 50,000 tokens."""

_MODELS = AnswerLimits(max_bytes=8 * 2**20)
"""A list of models, which is not parsed: that of a reseller of all has some megabytes."""

_UNREADABLE = (RecursionError, TypeError, ValueError, AttributeError, KeyError, OverflowError)
"""What parsers raise for JSON that is none, nested without end, or of another shape."""


async def chunks(stream: AsyncStream[ChatCompletionChunk]) -> AsyncGenerator[object, None]:
    """Yield the parts of an answer; one part where the server does not stream.

    Raises:
        PassingFailureError: a part cannot be parsed.
    """
    try:
        if not _is_json(stream.response):
            async for chunk in stream:
                yield chunk
            return
        body = json.loads(await stream.response.aread())
        yield ChatCompletion.construct(**body) if isinstance(body, dict) else None
    except _UNREADABLE:
        raise PassingFailureError("The translation provider's answer is broken") from None


def _is_json(response: httpx2.Response) -> bool:
    return str(response.headers.get("content-type", "")).startswith("application/json")


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

_PROBE_S = 10.0
"""Timeout of a probe."""

_LOADING = 503
"""Status of a server that still loads its model; a gateway before a dead server has others."""

_SPARE_TOKENS = 8192
"""Token limit of an answer beyond four times the expected tokens."""


class ChatConnection:
    """Connections to one endpoint.

    Args:
        endpoint: address, key, model and vendor.
        liveness: of the server; decides how long a request is waited for.
        transport: carries the requests; the SDK's own unless given.

    Attributes:
        plain: whether requests hold only fields that every server knows.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        liveness: ServerLiveness,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.plain = False
        self._endpoint = endpoint
        self._liveness = liveness
        self._transport = transport

    def prepare(self) -> None:
        """Import what the first request needs, which takes a second where nothing is compiled.

        Nothing is sent, so it may run in a thread.
        """
        _ = self._client.chat.completions, self._client.models

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
        whole = True
        watch = self._liveness.watch(self._is_alive)
        with map_sdk_errors(), closing(watch):
            async with self._opened(request, form, watch) as stream:
                meter.answered = True
                parts = chunks(stream)
                while (part := await watch.wait(anext(parts, None))) is not None:
                    watch.written()
                    whole = whole and ending_of(part) not in CUT_SHORT
                    meter.read(usage_of(part))
                    piece = text_of(part)
                    meter.wrote(piece)
                    yield piece
                    if meter.written_tokens > _token_limit(request):
                        whole = False
                        break
        if whole:
            yield "\n"

    @asynccontextmanager
    async def _opened(
        self, request: ChatRequest, form: AnswerFormat, watch: RequestWatch
    ) -> AsyncIterator[AsyncStream[ChatCompletionChunk]]:
        """Yield the answer once its headers are here, and close it at the end."""
        opening = asyncio.ensure_future(self._open(request, form))
        try:
            yield await watch.wait(opening)
        finally:
            # Whoever waits may be cancelled when the answer is here already.
            if not opening.cancelled() and opening.exception() is None:
                await opening.result().close()

    async def _open(
        self, request: ChatRequest, form: AnswerFormat
    ) -> AsyncStream[ChatCompletionChunk]:
        stream: AsyncStream[ChatCompletionChunk] = await resent_unanswered(
            lambda: self._client.chat.completions.create(
                model=self._endpoint.model,
                messages=request.write(form),
                response_format=form.response_format(request.count),
                stream=True,
                **self._extras(request),
            )
        )
        return stream

    async def _is_alive(self) -> bool:
        """Whether the server answers a request for the names of its models."""
        limit_s = min(_PROBE_S, self._liveness.silence_s)
        models = self._client.with_options(timeout=limit_s).models
        try:
            await resent_unanswered(models.with_raw_response.list)
        except openai.APIStatusError as error:
            return error.status_code < 500 or error.status_code == _LOADING
        except openai.APIConnectionError:
            return False
        except (openai.APIError, ValueError):
            pass  # an answer, if not the usual one
        return True

    @cached_property
    def _client(self) -> AsyncOpenAI:
        key = self._endpoint.key
        silence_s = self._liveness.silence_s
        # No read timeout: the watch of each request decides.
        timeout = Timeout(max(_CONNECT_S, silence_s), read=None, connect=_CONNECT_S)
        client = AsyncOpenAI(
            api_key=key.get_secret_value() if key else "none",
            base_url=self._endpoint.base_url,
            timeout=timeout,
            max_retries=0,
            default_headers=PLAIN_HEADERS,
            http_client=self._http_client(timeout),
        )
        # The SDK takes these from the environment; other vendors must not see them.
        client.organization = client.project = None
        return client

    def _http_client(self, timeout: Timeout) -> httpx2.AsyncClient:
        hooks = {"response": [self._observe]}
        if self._transport is None:
            return DefaultAsyncHttpxClient(timeout=timeout, event_hooks=hooks)
        return httpx2.AsyncClient(
            transport=self._transport,
            timeout=timeout,
            event_hooks=hooks,
            follow_redirects=False,
            trust_env=False,
        )

    async def _observe(self, response: httpx2.Response) -> None:
        """Limit a response, and have every piece recorded, since the SDK drops keep-alives."""
        received = self._liveness.received
        received()
        if response.request.method == "GET":
            limits = _MODELS
        else:
            limits = _WHOLE if _is_json(response) else _STREAM
        limit_answer(response, limits, received)

    def _extras(self, request: ChatRequest) -> Any:
        """Return the optional fields of the request under the vendor's names."""
        vendor = self._endpoint.vendor
        extras: dict[str, object] = {}
        if not self.plain and vendor.takes_usage:
            extras["stream_options"] = {"include_usage": True}
        if not self.plain and vendor.limit_name is not None:
            extras[vendor.limit_name] = _token_limit(request)
        return extras


def _token_limit(request: ChatRequest) -> int:
    """Return the token limit of an answer, of which some servers are told nothing."""
    return _SPARE_TOKENS + 4 * request.answer_tokens
