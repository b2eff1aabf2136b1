"""Requests to a server that speaks OpenAI's chat-completions protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import cached_property

import structlog
from openai import AsyncOpenAI, AsyncStream, Timeout
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from app.domain.errors import TranslationError
from app.services.translation.ask import Ask
from app.services.translation.failures import FormRefusedError, told_apart
from app.services.translation.first_call import FirstCall
from app.services.translation.forms import Form, FormLadder
from app.services.translation.json_members import Member
from app.services.translation.order import OrderedAnswer
from app.services.translation.prompt import messages
from app.services.translation.thoughts import ThoughtFilter
from app.settings import TranslationSettings

log = structlog.get_logger()

OPENAI_URL = "https://api.openai.com/v1"

_CONNECT_S = 10.0
"""Seconds until a connection must stand."""

_TOTAL_FACTOR = 5
"""A request may last this many times the silence that is tolerated: some servers send signs of
life for as long as one listens."""

_SPARE_CHARS = 20_000
"""An answer may be this much longer than 20 times its lines, for thinking aloud; a model that
is caught in a loop goes on for good."""

_CUT_SHORT = frozenset({"length", "content_filter"})
"""Finish reasons after which the answer's last line may be half of one."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """An answer that has begun: its form, its pieces, and the first of them if there is any."""

    form: Form
    pieces: AsyncGenerator[str, None]
    first: str | None


class ChatProvider:
    """One provider, its connections and what was learned about it.

    Args:
        settings: key, address, model and timeout.
    """

    def __init__(self, settings: TranslationSettings) -> None:
        self._settings = settings
        self._ladder = FormLadder()
        self._first_call = FirstCall()

    @cached_property
    def _client(self) -> AsyncOpenAI:
        key = self._settings.server_api_key
        silence_s = self._settings.timeout_s
        return AsyncOpenAI(
            api_key=key.get_secret_value() if key else "none",
            base_url=self._settings.server_api_url or OPENAI_URL,
            timeout=Timeout(silence_s, connect=min(_CONNECT_S, silence_s)),
            max_retries=0,
        )

    async def close(self) -> None:
        """Close the connections, if there ever were any."""
        if "_client" in self.__dict__:
            await self._client.close()

    async def answer(self, ask: Ask) -> AsyncGenerator[Member, None]:
        """Ask once and yield each member of the answer as soon as it can be believed.

        Raises:
            TranslationAuthError: the key was refused.
            TranslationQuotaError: the quota is used up.
            TranslationError: asking again will not help.
            PassingFailureError: asking again may help.
            FormRefusedError: the answer ignored its form; another is in use from now on.
        """
        opened = await self._open(ask)
        reader, thoughts = opened.form.reader(), ThoughtFilter()
        answer = OrderedAnswer(len(ask.lines), enforced=self._ladder.enforces(opened.form))
        budget = _SPARE_CHARS + 20 * sum(len(line.text) for line in ask.lines.values())
        found = False
        piece = opened.first
        async with aclosing(opened.pieces):
            while piece is not None and budget > 0:
                budget -= len(piece)
                for member in reader.feed(thoughts.feed(piece)):
                    found = True
                    for believed in answer.take(member):
                        yield believed
                piece = await anext(opened.pieces, None)
        for member in reader.end():
            found = True
            for believed in answer.take(member):
                yield believed
        for believed in answer.rest():
            yield believed
        if found:
            self._ladder.read(opened.form, complete=answer.is_complete)
        elif self._ladder.ignored(opened.form):
            log.info("translation provider ignores the form", form=opened.form.name)
            raise FormRefusedError

    async def _open(self, ask: Ask) -> _Opened:
        try:
            async with self._first_call.turn():
                return await self._request(ask)
        except FormRefusedError:
            message = "The translation provider refuses the request in every form"
            raise TranslationError(message) from None

    async def _request(self, ask: Ask) -> _Opened:
        """Send the request in the best form that the provider takes.

        Raises:
            FormRefusedError: it takes none.
        """
        for form in self._ladder.candidates:
            pieces = self._pieces(ask, form)
            try:
                first = await anext(pieces, None)
            except FormRefusedError:
                continue
            if self._ladder.accepted(form):
                log.info("translation provider lacks the better forms", form=form.name)
            return _Opened(form, pieces, first)
        raise FormRefusedError

    async def _pieces(self, ask: Ask, form: Form) -> AsyncGenerator[str, None]:
        """Yield the answer's text as it comes; the first piece may be empty.

        A line end follows unless the model was cut short, so that a complete last line can be
        told from half of one.
        """
        deadline_s = asyncio.get_running_loop().time() + _TOTAL_FACTOR * self._settings.timeout_s
        whole = True
        with told_apart():
            async with asyncio.timeout_at(deadline_s):
                stream = await self._client.chat.completions.create(
                    model=self._settings.server_model,
                    messages=messages(ask, form),
                    response_format=form.response_format(len(ask.lines)),
                    stream=True,
                )
            async with stream:
                chunks = _chunks(stream)
                while True:
                    async with asyncio.timeout_at(deadline_s):
                        chunk = await anext(chunks, None)
                    if chunk is None:
                        break
                    whole = whole and _ending(chunk) not in _CUT_SHORT
                    yield _text(chunk)
        if whole:
            yield "\n"


async def _chunks(stream: AsyncStream[ChatCompletionChunk]) -> AsyncGenerator[object, None]:
    """Yield the parts of an answer; one part where the server does not stream."""
    if not str(stream.response.headers.get("content-type", "")).startswith("application/json"):
        async for chunk in stream:
            yield chunk
        return
    body = json.loads(await stream.response.aread())
    yield ChatCompletion.construct(**body) if isinstance(body, dict) else None


def _choice(chunk: object) -> object:
    """Return a part's only choice; the SDK does not check what a provider sends."""
    choices = getattr(chunk, "choices", None)
    return choices[0] if isinstance(choices, list) and choices else None


def _text(chunk: object) -> str:
    choice = _choice(chunk)
    said = getattr(choice, "delta", None) or getattr(choice, "message", None)
    text = getattr(said, "content", None)
    return text if isinstance(text, str) else ""


def _ending(chunk: object) -> object:
    return getattr(_choice(chunk), "finish_reason", None)
