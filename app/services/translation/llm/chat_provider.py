"""Client of one language model: answer format, concurrency limit, metering."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import structlog

from app.domain.errors import TranslationError
from app.services.translation.llm.chat_request import ChatRequest, prompt_tokens
from app.services.translation.llm.connection import ChatConnection
from app.services.translation.llm.limiter import AdaptiveLimiter, RequestSlot
from app.services.translation.llm.metering import Meter, metered
from app.services.translation.llm.provider_errors import FormRefusedError, PassingFailureError
from app.services.translation.llm.response_formats import (
    AnswerFormat,
    AnswerFormatFallback,
    JsonObject,
    ReasoningFilter,
)
from app.services.translation.llm.vendors import Vendor
from app.services.translation.quality.answer_order import (
    OrderedAnswer,
    SuspicionTest,
    never_suspicious,
)
from app.services.translation.quality.line_batch import Member
from app.services.translation.translator import Ledger

log = structlog.get_logger()

_REASONING_CHARS = 20_000
"""Characters of reasoning between its tags; a model that is caught in a loop never ends."""

_PROSE_CHARS = 4000
"""Characters around the members of an answer that nothing forces into its format."""

_ESCAPED_CHARS = 8
"""An answer may have so many times the characters of its lines: a translation four times as long
is rejected, and a letter that is escaped in JSON takes six characters."""

_MEMBER_CHARS = 80
"""Characters of each member beyond that, for its key and for long translations of short lines, and
of what stands before the first and after the last."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """An answer that has begun: its format, its pieces, the first of them if there is any."""

    form: AnswerFormat
    pieces: AsyncGenerator[str, None]
    first: str | None


class ChatProvider:
    """Client of one model; learns which answer format it supports.

    Args:
        model: name at the provider.
        vendor: whose dialect it speaks.
        connection: carries the requests.
        limiter: of requests in flight; shared by the models of one provider.
    """

    def __init__(
        self, model: str, vendor: Vendor, connection: ChatConnection, limiter: AdaptiveLimiter
    ) -> None:
        self._model = model
        self._connection = connection
        self._limiter = limiter
        self._formats = AnswerFormatFallback(vendor)
        self._gate = FirstRequestGate()

    @property
    def concurrency(self) -> int:
        """Requests that are worth making ready at a time."""
        return self._limiter.planned

    def prepare(self) -> None:
        """See `ChatConnection.prepare`."""
        self._connection.prepare()

    async def close(self) -> None:
        """Close the connections, if there ever were any."""
        await self._connection.close()

    def distrust(self) -> None:
        """Hold answers until they are complete from now on: lines stood under wrong numbers."""
        self._formats.distrust()

    async def answer(
        self,
        request: ChatRequest,
        ledger: Ledger | None,
        is_suspicious: SuspicionTest = never_suspicious,
    ) -> AsyncGenerator[tuple[list[Member], bool], None]:
        """Send a request and yield members of the answer as soon as they are accepted.

        Args:
            request: texts to translate.
            ledger: where its tokens are booked; None for nowhere.
            is_suspicious: whether a member must wait for the rest of the answer.

        Yields:
            Members with whether the answer is complete: first those that pass while the model
            still writes; last of all, once, those that had to wait.

        Raises:
            TranslationAuthError: the key was refused.
            TranslationQuotaError: the quota is used up.
            TranslationBudgetError: the budget of the job does not allow it.
            TranslationError: another attempt will not help.
            PassingFailureError: another attempt may help.
            FormRefusedError: the answer ignored its format; another is in use from now on.
        """
        expected = prompt_tokens(request.write(JsonObject()))
        with metered(ledger, self._model, expected, request.answer_tokens) as meter:
            opened = await self._open(request, meter)
            async with aclosing(self._read(opened, request, is_suspicious)) as read:
                async for members in read:
                    yield members

    async def _read(
        self, opened: _Opened, request: ChatRequest, is_suspicious: SuspicionTest
    ) -> AsyncGenerator[tuple[list[Member], bool], None]:
        enforced = self._formats.enforces(opened.form)
        answer = OrderedAnswer(request.count, enforced=enforced, is_suspicious=is_suspicious)
        found = False
        budget = _ESCAPED_CHARS * request.chars + _MEMBER_CHARS * (request.count + 2)
        budget += 0 if enforced else _PROSE_CHARS
        async with aclosing(_members(opened, budget)) as members:
            async for member in members:
                found = True
                if passed := list(answer.take(member)):
                    yield passed, False
        if found:
            self._formats.read(opened.form, complete=answer.is_complete)
        elif self._formats.ignored(opened.form):
            log.info("translation provider ignores the form", form=opened.form.name)
            raise FormRefusedError
        yield list(answer.rest()), True

    async def _open(self, request: ChatRequest, meter: Meter) -> _Opened:
        try:
            async with self._gate.turn():
                return await self._request(request, meter)
        except FormRefusedError:
            message = "The translation provider refuses the request in every form"
            raise TranslationError(message) from None

    async def _request(self, request: ChatRequest, meter: Meter) -> _Opened:
        """Send the request in the best format that the provider takes.

        A provider that takes none may refuse the optional fields, so they are left out for good.

        Raises:
            FormRefusedError: it takes no format.
        """
        while True:
            for form in self._formats.candidates:
                pieces = self._pieces(request, form, meter)
                try:
                    first = await anext(pieces, None)
                except FormRefusedError:
                    continue
                if self._formats.accepted(form):
                    log.info("translation provider lacks the better forms", form=form.name)
                return _Opened(form, pieces, first)
            if self._connection.plain:
                raise FormRefusedError
            self._connection.plain = True

    async def _pieces(
        self, request: ChatRequest, form: AnswerFormat, meter: Meter
    ) -> AsyncGenerator[str, None]:
        """Yield the answer's text as it comes, within the limit of requests in flight."""
        async with self._limiter.slot() as slot:
            try:
                async with aclosing(self._connection.stream(request, form, meter)) as pieces:
                    async for piece in pieces:
                        self._limiter.wrote(slot, piece)
                        yield piece
            except PassingFailureError as failure:
                self._throttle(failure, slot)
                raise
            self._limiter.succeeded(slot)

    def _throttle(self, failure: PassingFailureError, slot: RequestSlot) -> None:
        if failure.throttled:
            self._limiter.throttled(slot)
            log.info("translation provider is crowded", requests_at_a_time=self._limiter.limit)


async def _members(opened: _Opened, budget: int) -> AsyncGenerator[Member, None]:
    """Yield the members of an answer up to a number of characters; reasoning has its own."""
    reader, reasoning = opened.form.reader(), ReasoningFilter()
    reasoning_budget = _REASONING_CHARS
    piece = opened.first
    async with aclosing(opened.pieces):
        while piece is not None and budget > 0 and reasoning_budget > 0:
            # Only as much of a piece as may be read: it is parsed character by character.
            text = reasoning.feed(piece[: budget + reasoning_budget])[: budget + 1]
            budget -= len(text)
            reasoning_budget -= len(piece) - len(text)
            for member in reader.feed(text):
                yield member
            piece = await anext(opened.pieces, None)
    for member in reader.end():
        yield member


class FirstRequestGate:
    """Gate that opens once a first request has succeeded.

    Until then one request is in flight at a time. A permanent refusal is raised for all that
    wait; after any other failure the next of them tries. A later refusal closes the gate again.
    """

    def __init__(self) -> None:
        self._open = False
        self._trial: asyncio.Future[None] | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn; the block is the request, up to the first sign of success.

        Raises:
            TranslationError: the request that was waited for was refused permanently.
        """
        trial = await self._wait()
        refusal: TranslationError | None = None
        try:
            yield
            self._open |= trial is not None
        except TranslationError as error:
            self._open = False
            refusal = error
            raise
        finally:
            if trial is not None:
                self._trial = None
                _settle(trial, refusal)

    async def _wait(self) -> asyncio.Future[None] | None:
        while not self._open:
            if self._trial is None:
                self._trial = asyncio.get_running_loop().create_future()
                return self._trial
            await asyncio.shield(self._trial)
        return None


def _settle(trial: asyncio.Future[None], refusal: TranslationError | None) -> None:
    if refusal is None:
        trial.set_result(None)
        return
    trial.set_exception(refusal)
    trial.exception()  # retrieved here, since there may be no other request that waits for it
