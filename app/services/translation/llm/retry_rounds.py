"""Asking a model until it has answered, and again for what it left out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import structlog

from app.domain.errors import TranslationError
from app.services.translation.llm import condensing, prompt
from app.services.translation.llm.backoff import Backoff
from app.services.translation.llm.condensing import CONDENSING_RULES, Draft
from app.services.translation.llm.failures import FormRefusedError, PassingFailureError
from app.services.translation.llm.provider import ChatProvider
from app.services.translation.quality.answer_judge import Judge, cleaned
from app.services.translation.quality.length_ratio import LengthRatio
from app.services.translation.quality.line_batch import LineBatch, PendingLines
from app.services.translation.translator import LanguagePair, Ledger, SourceLine

log = structlog.get_logger()


class RetryRounds:
    """Rounds of requests for the lines of a batch.

    Args:
        backoff: how long to wait after a failure.
        attempts: failures in a row after which a provider is given up.
    """

    def __init__(self, backoff: Backoff, attempts: int) -> None:
        self._backoff = backoff
        self._attempts = attempts
        self._proportions: dict[LanguagePair, LengthRatio] = {}

    async def rounds(
        self, provider: ChatProvider, work: PendingLines, sizes: Sequence[int]
    ) -> AsyncGenerator[tuple[SourceLine, str], None]:
        """Ask for the missing lines, again and again, in parts of these sizes.

        Raises:
            TranslationError: the provider failed as often as it may without giving a line.
        """
        for number, size in enumerate(sizes, start=1):
            for group in work.groups(size):
                async with aclosing(self._answers(provider, work, group)) as answers:
                    async for known in answers:
                        yield known
            if not work.missing:
                return
            log.info("translations missing", lines=len(work.missing), round=number)

    async def condense(
        self,
        provider: ChatProvider,
        drafts: Sequence[Draft],
        pair: LanguagePair,
        ledger: Ledger | None,
    ) -> list[str]:
        """Ask once for shorter texts; whatever goes wrong, a draft's own text stays."""
        texts = [draft.text for draft in drafts]
        question = condensing.question(drafts, pair)
        try:
            async with aclosing(provider.answer(question, ledger)) as answer:
                async for members, _ in answer:
                    for key, value in members:
                        place = int(key) - 1
                        texts[place] = condensing.shorter(
                            drafts[place], cleaned(value), pair, CONDENSING_RULES
                        )
        except (TranslationError, PassingFailureError, FormRefusedError) as error:
            log.info("long translations stay long", lines=len(drafts), reason=str(error))
        return texts

    async def _answers(
        self, provider: ChatProvider, work: PendingLines, group: Sequence[int]
    ) -> AsyncGenerator[tuple[SourceLine, str], None]:
        """Yield usable lines of a group until an answer came to its end.

        Every line that arrives begins a new count of failures.

        Raises:
            TranslationError: the provider failed as often as it may without giving a line.
        """
        async with aclosing(_GroupAnswers(provider, work, group, self._proportions)) as answers:
            while (known := await self._backoff.call(self._attempts, answers.next)) is not None:
                yield known


class _GroupAnswers:
    """Answers to requests for a group of lines, up to the first complete one.

    Args:
        provider: the model that answers.
        work: the lines of the batch.
        group: ids of those to ask for.
        proportions: usual ratios of lengths by pair of languages.
    """

    def __init__(
        self,
        provider: ChatProvider,
        work: PendingLines,
        group: Sequence[int],
        proportions: dict[LanguagePair, LengthRatio],
    ) -> None:
        self._provider = provider
        self._work = work
        self._group = group
        self._proportions = proportions
        self._answer: AsyncGenerator[tuple[SourceLine, str], None] | None = None

    async def next(self) -> tuple[SourceLine, str] | None:
        """Return the next usable line; None after a complete answer or if none is missing.

        Raises:
            PassingFailureError: the answer broke off; the next call sends a new request.
            TranslationError: asking again will not help.
        """
        while True:
            if self._answer is None:
                ask = self._work.ask(self._group)
                if not ask.lines:
                    return None
                self._answer = self._ask(ask)
            try:
                return await anext(self._answer, None)
            except FormRefusedError:
                self._answer = None
            except PassingFailureError:
                self._answer = None
                if self._work.ask(self._group).lines:
                    raise

    async def aclose(self) -> None:
        """End the request that is under way."""
        if self._answer is not None:
            await self._answer.aclose()

    async def _ask(self, ask: LineBatch) -> AsyncGenerator[tuple[SourceLine, str], None]:
        proportion = self._proportions.setdefault(ask.pair, LengthRatio())
        judge = Judge(ask, self._work, proportion, prompt.RULES)
        question = prompt.question(ask)
        async with aclosing(
            self._provider.answer(question, ask.context.ledger, judge.doubts)
        ) as answer:
            async for members, final in answer:
                for known in judge.take(members, final=final):
                    yield known
        if judge.misnumbered:
            self._provider.distrust()
        self._work.answered(ask)
