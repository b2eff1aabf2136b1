"""Asking a model until it has answered, and again for what it left out."""

from __future__ import annotations

import asyncio
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
from app.services.translation.quality.line_batch import PendingLines
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
        """Ask for a group until an answer came to its end, and yield what is usable.

        Raises:
            TranslationError: the provider failed as often as it may without giving a line.
        """
        failures = 0
        while (ask := work.ask(group)).lines:
            proportion = self._proportions.setdefault(ask.pair, LengthRatio())
            judge = Judge(ask, work, proportion, prompt.RULES)
            question = prompt.question(ask)
            try:
                async with aclosing(
                    provider.answer(question, ask.context.ledger, judge.doubts)
                ) as answer:
                    async for members, final in answer:
                        for known in judge.take(members, final=final):
                            failures = 0
                            yield known
            except PassingFailureError as failure:
                failures += 1
                if work.ask(group).lines:
                    await self._pause(failures, failure)
            except FormRefusedError:
                continue
            else:
                if judge.misnumbered:
                    provider.distrust()
                work.answered(ask)
                return

    async def _pause(self, failures: int, failure: PassingFailureError) -> None:
        """Wait before the next request.

        Raises:
            TranslationError: there is to be none.
        """
        delay_s = self._backoff.delay_s(failures, failure.retry_after_s)
        if delay_s is None or failures >= self._attempts:
            raise TranslationError(failure.message) from None
        log.info("translation provider failed", failure=failure.message, retry_in_s=delay_s)
        await asyncio.sleep(delay_s)
