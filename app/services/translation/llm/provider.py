"""One language model: the form it answers in, its place in the queue, what it is paid."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import structlog

from app.domain.errors import TranslationError
from app.services.translation.llm.chat_request import ChatRequest, prompt_tokens
from app.services.translation.llm.connection import ChatConnection
from app.services.translation.llm.failures import FormRefusedError, PassingFailureError
from app.services.translation.llm.limiter import AdaptiveLimiter, AdaptiveLimiters
from app.services.translation.llm.metering import Meter, metered
from app.services.translation.llm.response_formats import (
    AnswerFormat,
    AnswerFormatFallback,
    JsonObject,
)
from app.services.translation.llm.vendors import Vendor
from app.services.translation.quality.answer_order import Doubt, OrderedAnswer, no_doubt
from app.services.translation.quality.line_batch import Member
from app.services.translation.translator import Ledger

_OPEN, _CLOSE = "<think>", "</think>"


class ReasoningFilter:
    """Drops a leading ``<think>...</think>`` from text that arrives in pieces.

    It may hold drafts of the very members that the answer then gives otherwise.
    """

    def __init__(self) -> None:
        self._held = ""
        self._through = False

    def feed(self, text: str) -> str:
        """Return what of this piece belongs to the answer."""
        if self._through:
            return text
        self._held += text
        head = self._held.lstrip()
        if head.startswith(_OPEN):
            _, closed, answer = head.partition(_CLOSE)
            self._through = bool(closed)
            return answer
        if _OPEN.startswith(head):
            return ""
        self._through = True
        return self._held


class FirstRequestGate:
    """A gate that opens for all once one call has succeeded.

    Until then one call is under way at a time. What the provider refuses for good is refused
    to all who wait; after any other failure the next of them tries. A refusal later on
    closes the gate again.
    """

    def __init__(self) -> None:
        self._open = False
        self._trial: asyncio.Future[None] | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn; the block is the call, up to the first sign of success.

        Raises:
            TranslationError: the call that one waited for was refused for good.
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
    trial.exception()  # nobody may be waiting, which is no reason to log it as forgotten


log = structlog.get_logger()

_SPARE_CHARS = 20_000
"""An answer may be this much longer than 20 times its lines, for thinking aloud; a model that
is caught in a loop goes on for good."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """An answer that has begun: its form, its pieces, and the first of them if there is any."""

    form: AnswerFormat
    pieces: AsyncGenerator[str, None]
    first: str | None


class ChatProvider:
    """One model and what was learned about it.

    Args:
        model: as the provider calls it.
        vendor: whose ways it has.
        connection: carries the requests.
        lanes: requests at a time; shared where two models have one provider.
    """

    def __init__(
        self, model: str, vendor: Vendor, connection: ChatConnection, lanes: AdaptiveLimiters
    ) -> None:
        self._model = model
        self._connection = connection
        self._lanes = lanes
        self._ladder = AnswerFormatFallback(vendor)
        self._first_call = FirstRequestGate()

    async def close(self) -> None:
        """Close the connections, if there ever were any."""
        await self._connection.close()

    def distrust(self) -> None:
        """Note that lines stood under the numbers of others: believe whole answers alone."""
        self._ladder.distrust()

    async def answer(
        self, question: ChatRequest, ledger: Ledger | None, doubt: Doubt = no_doubt
    ) -> AsyncGenerator[tuple[list[Member], bool], None]:
        """Ask once and yield members of the answer as soon as they can be believed.

        Args:
            question: what to ask.
            ledger: pays for it; None where nobody counts.
            doubt: tells members that should wait for the rest of the answer.

        Yields:
            Members that pass, and whether the answer is complete: first those that pass while
            the model still writes, last of all, once, those that had to wait.

        Raises:
            TranslationAuthError: the key was refused.
            TranslationQuotaError: the quota is used up.
            TranslationBudgetError: the job cannot pay for it.
            TranslationError: asking again will not help.
            PassingFailureError: asking again may help.
            FormRefusedError: the answer ignored its form; another is in use from now on.
        """
        expected = prompt_tokens(question.write(JsonObject()))
        with metered(ledger, self._model, expected, question.answer_tokens) as meter:
            opened = await self._open(question, meter)
            async with aclosing(self._read(opened, question, doubt)) as read:
                async for members in read:
                    yield members

    async def _read(
        self, opened: _Opened, question: ChatRequest, doubt: Doubt
    ) -> AsyncGenerator[tuple[list[Member], bool], None]:
        enforced = self._ladder.enforces(opened.form)
        answer = OrderedAnswer(question.count, enforced=enforced, doubt=doubt)
        found = False
        async with aclosing(_members(opened, _SPARE_CHARS + 20 * question.chars)) as members:
            async for member in members:
                found = True
                if passed := list(answer.take(member)):
                    yield passed, False
        if found:
            self._ladder.read(opened.form, complete=answer.is_complete)
        elif self._ladder.ignored(opened.form):
            log.info("translation provider ignores the form", form=opened.form.name)
            raise FormRefusedError
        yield list(answer.rest()), True

    async def _open(self, question: ChatRequest, meter: Meter) -> _Opened:
        try:
            async with self._first_call.turn():
                return await self._request(question, meter)
        except FormRefusedError:
            message = "The translation provider refuses the request in every form"
            raise TranslationError(message) from None

    async def _request(self, question: ChatRequest, meter: Meter) -> _Opened:
        """Send the request in the best form that the provider takes.

        One that takes none may stumble over what else was sent, so that is left out for good.

        Raises:
            FormRefusedError: it takes none.
        """
        while True:
            for form in self._ladder.candidates:
                pieces = self._pieces(question, form, meter)
                try:
                    first = await anext(pieces, None)
                except FormRefusedError:
                    continue
                if self._ladder.accepted(form):
                    log.info("translation provider lacks the better forms", form=form.name)
                return _Opened(form, pieces, first)
            if self._connection.plain:
                raise FormRefusedError
            self._connection.plain = True

    async def _pieces(
        self, question: ChatRequest, form: AnswerFormat, meter: Meter
    ) -> AsyncGenerator[str, None]:
        """Yield the answer's text as it comes, from a place among the requests in flight."""
        async with self._lanes.lane() as lane:
            try:
                async with aclosing(self._connection.stream(question, form, meter)) as pieces:
                    async for piece in pieces:
                        yield piece
            except PassingFailureError as failure:
                self._slow_down(failure, lane)
                raise
            self._lanes.succeeded()

    def _slow_down(self, failure: PassingFailureError, lane: AdaptiveLimiter) -> None:
        if failure.crowded:
            self._lanes.crowded(lane)
            log.info("translation provider is crowded", requests_at_a_time=self._lanes.limit)


async def _members(opened: _Opened, budget: int) -> AsyncGenerator[Member, None]:
    """Yield what an answer holds, as long as it is not longer than the budget's characters."""
    reader, thoughts = opened.form.reader(), ReasoningFilter()
    piece = opened.first
    async with aclosing(opened.pieces):
        while piece is not None and budget > 0:
            budget -= len(piece)
            for member in reader.feed(thoughts.feed(piece)):
                yield member
            piece = await anext(opened.pieces, None)
    for member in reader.end():
        yield member
