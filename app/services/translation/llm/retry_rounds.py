"""Rounds of requests to a model for the lines of a batch."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import structlog

from app.domain.errors import TranslationError
from app.services.translation.llm import condensing, prompt
from app.services.translation.llm.backoff import Backoff
from app.services.translation.llm.chat_provider import ChatProvider
from app.services.translation.llm.condensing import CONDENSING_RULES, Draft
from app.services.translation.llm.provider_errors import FormRefusedError, PassingFailureError
from app.services.translation.quality.answer_checker import AnswerChecker
from app.services.translation.quality.answer_tidying import tidied
from app.services.translation.quality.length_ratio import LengthRatio
from app.services.translation.quality.line_batch import LineBatch, PendingLines
from app.services.translation.translator import LanguagePair, Ledger, SourceLine

log = structlog.get_logger()


class RetryRounds:
    """Rounds of requests for the lines of a batch.

    Args:
        backoff: delays after failures.
        attempts: failures in a row after which a provider is given up.
    """

    def __init__(self, backoff: Backoff, attempts: int) -> None:
        self._backoff = backoff
        self._attempts = attempts
        self._length_ratios: dict[LanguagePair, LengthRatio] = {}

    async def rounds(
        self, provider: ChatProvider, pending: PendingLines, sizes: Sequence[int]
    ) -> AsyncGenerator[tuple[SourceLine, str], None]:
        """Request the missing lines, a round for each size of request.

        Raises:
            TranslationError: the provider failed as often as it may without giving a line.
        """
        for number, size in enumerate(sizes, start=1):
            for group in pending.groups(size):
                async with aclosing(self._answers(provider, pending, group)) as answers:
                    async for known in answers:
                        yield known
            if not pending.missing:
                return
            log.info("translations missing", lines=len(pending.missing), round=number)

    async def condense(
        self,
        provider: ChatProvider,
        drafts: Sequence[Draft],
        pair: LanguagePair,
        ledger: Ledger | None,
    ) -> list[str]:
        """Request shorter texts once; after any failure a draft's own text stays."""
        texts = [draft.text for draft in drafts]
        request = condensing.condensing_request(drafts, pair)
        try:
            async with aclosing(provider.answer(request, ledger)) as answer:
                async for members, _ in answer:
                    for key, value in members:
                        place = int(key) - 1
                        draft = drafts[place]
                        text = tidied(draft.line.text, value, pair.target, key).text
                        texts[place] = condensing.shorter(draft, text, pair, CONDENSING_RULES)
        except (TranslationError, PassingFailureError, FormRefusedError) as error:
            log.info("long translations stay long", lines=len(drafts), reason=str(error))
        return texts

    async def _answers(
        self, provider: ChatProvider, pending: PendingLines, group: Sequence[int]
    ) -> AsyncGenerator[tuple[SourceLine, str], None]:
        """Yield usable lines of a group until an answer came to its end.

        Every line that arrives begins a new count of failures.

        Raises:
            TranslationError: the provider failed as often as it may without giving a line.
        """
        async with aclosing(
            _GroupAnswers(provider, pending, group, self._length_ratios)
        ) as answers:
            while (known := await self._backoff.call(self._attempts, answers.next)) is not None:
                yield known


class _GroupAnswers:
    """Answers to requests for a group of lines, up to the first complete one.

    Args:
        provider: the model that answers.
        pending: the lines of the batch.
        group: ids of those to request.
        length_ratios: usual ratios of widths, by pair of languages.
    """

    def __init__(
        self,
        provider: ChatProvider,
        pending: PendingLines,
        group: Sequence[int],
        length_ratios: dict[LanguagePair, LengthRatio],
    ) -> None:
        self._provider = provider
        self._pending = pending
        self._group = group
        self._length_ratios = length_ratios
        self._answer: AsyncGenerator[tuple[SourceLine, str], None] | None = None

    async def next(self) -> tuple[SourceLine, str] | None:
        """Return the next usable line; None after a complete answer or if none is missing.

        Raises:
            PassingFailureError: the answer broke off; the next call sends a new request.
            TranslationError: another attempt will not help.
        """
        while True:
            if self._answer is None:
                batch = self._pending.batch(self._group)
                if not batch.lines:
                    return None
                self._answer = self._request(batch)
            try:
                return await anext(self._answer, None)
            except FormRefusedError:
                self._answer = None
            except PassingFailureError:
                self._answer = None
                if self._pending.batch(self._group).lines:
                    raise

    async def aclose(self) -> None:
        """End the request that is under way."""
        if self._answer is not None:
            await self._answer.aclose()

    async def _request(self, batch: LineBatch) -> AsyncGenerator[tuple[SourceLine, str], None]:
        length_ratio = self._length_ratios.setdefault(batch.pair, LengthRatio())
        checker = AnswerChecker(batch, self._pending, length_ratio, prompt.RULES)
        request = prompt.translation_request(batch)
        async with aclosing(
            self._provider.answer(request, batch.context.ledger, checker.is_suspicious)
        ) as answer:
            async for members, final in answer:
                for known in checker.accept(members, final=final):
                    yield known
        if checker.misnumbered:
            self._provider.distrust()
        self._pending.finish(batch)
