"""Translator by large language models behind the chat-completions protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

import httpx2
import structlog

from app.domain.errors import (
    EngineLoadError,
    TranslationAuthError,
    TranslationBudgetError,
    TranslationError,
    TranslationIncompleteError,
    TranslationQuotaError,
)
from app.services.translation.llm.backoff import Backoff
from app.services.translation.llm.chat_provider import ChatProvider
from app.services.translation.llm.condensing import CONDENSING_RULES, Draft, is_over
from app.services.translation.llm.connection import ChatConnection
from app.services.translation.llm.endpoint import (
    Endpoint,
    check_endpoint,
    endpoints_of,
)
from app.services.translation.llm.ledger import prices_of
from app.services.translation.llm.limiter import AdaptiveLimiter
from app.services.translation.llm.liveness import ServerLiveness
from app.services.translation.llm.prompt import RULES, revision
from app.services.translation.llm.retry_rounds import RetryRounds
from app.services.translation.quality.answer_tidying import TIDYING
from app.services.translation.quality.language_id import load_identifier
from app.services.translation.quality.line_batch import MAX_LINES, PendingLines
from app.services.translation.text.wordless import is_wordless
from app.services.translation.translator import (
    NO_CONTEXT,
    LanguagePair,
    SourceLine,
    TranslationContext,
)
from app.settings import Settings, TranslationSettings

log = structlog.get_logger()

ROUND_SIZES = (MAX_LINES, MAX_LINES, 4)
"""Lines in one request by round: missing lines are requested again with the reason, then in
smaller parts; after that each alone, as often as the settings say."""

_FALLBACK_SIZES = (4, 1)

_FINAL = (TranslationAuthError, TranslationQuotaError, TranslationBudgetError)
"""Errors that end a job at once, without another attempt or model."""


class ChatTranslator:
    """Translates by a model that may drop, invent, merge or mangle lines.

    A translation is accepted by the number of its line, one by one. Lines without one are
    requested again, together and then alone, then from another model, and are an error at last.

    Args:
        settings: name the provider.
        backoff: delays after failures.
        endpoints: of the models, the primary one first; the settings' own unless given.
        transport: carries the requests; the SDK's own unless given.
    """

    batch_sizes: tuple[int, ...] = (4, 8, MAX_LINES)
    keeps_tags = True

    def __init__(
        self,
        settings: Settings,
        backoff: Backoff | None = None,
        endpoints: Sequence[Endpoint] = (),
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = settings.translation
        self._endpoints = tuple(endpoints or endpoints_of(settings))
        primary = self._endpoints[0]
        self.name = primary.vendor.name
        self.detail = primary.model
        identities = " ".join(endpoint.identity for endpoint in self._endpoints)
        self.revision = (
            f"chat:{primary.model}:{revision(identities, RULES, CONDENSING_RULES, TIDYING)}"
        )
        self._providers = _providers(self._endpoints, self._settings, transport)
        self._rounds = RetryRounds(backoff or Backoff(), self._settings.attempts)

    @property
    def concurrency(self) -> int:
        """Batches in flight at a time for one job; more as a local server proves to take more."""
        return self._providers[0].concurrency

    async def probe(self) -> None:
        """Check the configuration without a request, since that may cost money.

        Raises:
            EngineLoadError: key, address or model is missing or malformed, or the cost is limited
                and the price unknown.
        """
        prices = prices_of(self._endpoints, self._settings)
        for endpoint in self._endpoints:
            check_endpoint(endpoint, is_fallback=self._is_elsewhere(endpoint))
            if self._settings.max_cost_usd is not None and prices.of(endpoint.model) is None:
                raise EngineLoadError(
                    f"MAX_COST_USD is set and the price of {endpoint.model} is not known: set "
                    "TRANSLATION_PRICE_INPUT_USD and TRANSLATION_PRICE_OUTPUT_USD"
                )
        await load_identifier()
        await asyncio.to_thread(self._prepare)

    def _prepare(self) -> None:
        for provider in self._providers:
            provider.prepare()

    def _is_elsewhere(self, endpoint: Endpoint) -> bool:
        """Whether it is the endpoint of a fallback at another provider."""
        main = self._endpoints[0]
        return endpoint is not main and endpoint.vendor is not main.vendor

    async def close(self) -> None:
        """Close the connections to the provider."""
        for provider in self._providers:
            await provider.close()

    def check(self, pair: LanguagePair) -> None:
        """A model serves any pair."""

    async def translate(
        self,
        lines: Sequence[SourceLine],
        pair: LanguagePair,
        before: Sequence[SourceLine],
        context: TranslationContext = NO_CONTEXT,
    ) -> AsyncIterator[tuple[int, str]]:
        """Translate a batch; see the protocol for what is yielded and raised."""
        for line in lines:
            if is_wordless(line.text):
                yield line.id, line.text
        pending = PendingLines(lines, pair, before, context)
        if not pending.missing:
            return
        await load_identifier()
        drafts: list[Draft] = []
        failure: TranslationError | None = None
        try:
            async with aclosing(self._translated(pending)) as translated:
                async for line, text in translated:
                    if is_over(line, text):
                        drafts.append(Draft(line, text))
                    else:
                        yield line.id, text
        except TranslationError as error:
            failure = error
        async for number, text in self._condensed(drafts, pair, context, failure):
            yield number, text
        if failure is not None:
            raise failure
        if pending.missing:
            raise TranslationIncompleteError(pending.missing)

    async def _translated(
        self, pending: PendingLines
    ) -> AsyncGenerator[tuple[SourceLine, str], None]:
        """Yield lines with their translations, by as many requests and models as needed.

        Raises:
            TranslationError: the last model stays out of reach, or any refuses for good.
        """
        sizes = ROUND_SIZES + (1,) * self._settings.attempts
        for provider in self._providers:
            is_last = provider is self._providers[-1]
            try:
                async with aclosing(self._rounds.rounds(provider, pending, sizes)) as answers:
                    async for answer in answers:
                        yield answer
            except TranslationError as error:
                if is_last or isinstance(error, _FINAL):
                    raise
                log.warning("falling back to another model", reason=error.message)
            if not pending.missing:
                return
            sizes = _FALLBACK_SIZES

    async def _condensed(
        self,
        drafts: Sequence[Draft],
        pair: LanguagePair,
        context: TranslationContext,
        failure: TranslationError | None,
    ) -> AsyncIterator[tuple[int, str]]:
        """Yield drafts, condensed where the model can; as they are after a failure."""
        for start in range(0, len(drafts), MAX_LINES):
            part = drafts[start : start + MAX_LINES]
            texts = [draft.text for draft in part]
            if failure is None:
                texts = await self._rounds.condense(self._providers[0], part, pair, context.ledger)
            for draft, text in zip(part, texts, strict=True):
                yield draft.line.id, text


def _providers(
    endpoints: Sequence[Endpoint],
    settings: TranslationSettings,
    transport: httpx2.AsyncBaseTransport | None,
) -> list[ChatProvider]:
    """Return a provider for each endpoint; those at one address share limiter and liveness."""
    limiters: dict[str, AdaptiveLimiter] = {}
    servers: dict[str, ServerLiveness] = {}
    providers = []
    for each in endpoints:
        vendor, url = each.vendor, each.base_url
        new = AdaptiveLimiter(each.concurrency, settings.rpm, grows=vendor.local)
        limiter = limiters.setdefault(url, new)
        liveness = ServerLiveness(settings.timeout_s, answers_probes=vendor.answers_probes)
        connection = ChatConnection(each, servers.setdefault(url, liveness), transport)
        providers.append(ChatProvider(each.model, vendor, connection, limiter))
    return providers
