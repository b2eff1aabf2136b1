"""Ledgers of what language models and transcription servers are paid, by job, by caller."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from app.domain.errors import TranslationBudgetError
from app.domain.events import Usage
from app.gpu.protocols import AudioPrice
from app.services.translation.llm.endpoint import Endpoint, endpoints_of
from app.services.translation.llm.model_catalog import Prices
from app.settings import Settings, TranslationSettings

UsageListener = Callable[[str, int, int, float | None], None]
"""Called with each request: model, tokens in, tokens out, US dollars if known."""


class JobLedger:
    """One job's account; see ``translator.Ledger``.

    Every ``afford`` is followed by one ``spend``, whatever came of the request. Until then its
    estimate counts as spent, so that requests side by side cannot overdraw the account together.

    Args:
        limit_usd: what the job may cost; None for no limit.
        prices: what models cost.
        listeners: called with each request.
        on_audio: called with the seconds of each stretch of audio that was paid for.
    """

    def __init__(
        self,
        limit_usd: float | None,
        prices: Prices,
        *listeners: UsageListener,
        on_audio: Callable[[float], None] | None = None,
    ) -> None:
        self._limit_usd = limit_usd
        self._prices = prices
        self._listeners = listeners
        self._on_audio = on_audio
        self._usage = Usage()
        self._translation_usd = 0.0
        self._in_flight: deque[float] = deque()

    def afford(self, model: str, prompt_tokens: int, completion_tokens: int) -> None:
        """Check ahead of a request that its estimated cost is still allowed, and reserve it.

        Raises:
            TranslationBudgetError: it is not.
        """
        estimate_usd = self._cost_usd(model, prompt_tokens, completion_tokens) or 0.0
        spent_usd = self._translation_usd
        limit_usd = self._limit_usd
        if limit_usd is not None and spent_usd + sum(self._in_flight) + estimate_usd > limit_usd:
            raise TranslationBudgetError(
                f"The translation would cost more than MAX_COST_USD (${limit_usd:g}) allows: "
                f"${spent_usd:.4f} is spent already"
            )
        self._in_flight.append(estimate_usd)

    def spend(self, model: str, prompt_tokens: int, completion_tokens: int) -> None:
        """Book what a request has used; nothing for one that was never answered."""
        if self._in_flight:
            self._in_flight.popleft()
        if not prompt_tokens and not completion_tokens:
            return
        cost_usd = self._cost_usd(model, prompt_tokens, completion_tokens)
        self._usage = _added(self._usage, prompt_tokens, completion_tokens, cost_usd)
        self._translation_usd += cost_usd or 0.0
        for listener in self._listeners:
            listener(model, prompt_tokens, completion_tokens, cost_usd)

    def spend_audio(self, price: AudioPrice, audio_s: float) -> None:
        """Book audio that a server has transcribed; the budget is that of the translation alone."""
        cost_usd = price.cost_usd(audio_s)
        usage = _added(self._usage, 0, 0, cost_usd)
        self._usage = replace(usage, audio_s=round(usage.audio_s + audio_s, 3))
        if self._on_audio is not None:
            self._on_audio(audio_s)
        for listener in self._listeners:
            listener(price.model, 0, 0, cost_usd)

    def usage(self) -> Usage:
        """Return what was spent so far."""
        return self._usage

    def _cost_usd(self, model: str, prompt_tokens: int, completion_tokens: int) -> float | None:
        price = self._prices.of(model)
        return None if price is None else price.cost_usd(prompt_tokens, completion_tokens)


class CallerLedgers:
    """Accounts of all jobs, and what each caller has spent since the server started.

    Args:
        limit_usd: what one job may cost; None for no limit.
        prices: what models cost.
        listeners: called with each request.
    """

    def __init__(self, limit_usd: float | None, prices: Prices, *listeners: UsageListener) -> None:
        self._limit_usd = limit_usd
        self._prices = prices
        self._listeners = listeners
        self._totals: dict[str, Usage] = {}

    def open(self, caller: str) -> JobLedger:
        """Return an account for one job.

        Args:
            caller: name of the paying client, no secret; empty where clients have no keys.
        """

        def add(_: str, prompt_tokens: int, completion_tokens: int, cost: float | None) -> None:
            before = self._totals.get(caller, Usage())
            self._totals[caller] = _added(before, prompt_tokens, completion_tokens, cost)

        def add_audio(audio_s: float) -> None:
            before = self._totals.get(caller, Usage())
            total_s = round(before.audio_s + audio_s, 3)
            self._totals[caller] = replace(before, audio_s=total_s)

        return JobLedger(self._limit_usd, self._prices, add, *self._listeners, on_audio=add_audio)

    def total(self, caller: str) -> Usage:
        """Return what a caller's jobs have spent."""
        return self._totals.get(caller, Usage())


def _added(
    usage: Usage, prompt_tokens: int, completion_tokens: int, cost_usd: float | None
) -> Usage:
    """Return a sum with one more request; its cost is that of the requests with a known price."""
    known = None if cost_usd is None else (usage.cost_usd or 0.0) + cost_usd
    return replace(
        usage,
        requests=usage.requests + 1,
        prompt_tokens=usage.prompt_tokens + prompt_tokens,
        completion_tokens=usage.completion_tokens + completion_tokens,
        cost_usd=usage.cost_usd if known is None else known,
    )


def open_ledgers(settings: Settings, *listeners: UsageListener) -> CallerLedgers:
    """Return the accounts of all jobs and callers.

    Args:
        settings: budget of a job, prices, models that run locally.
        listeners: called with each request.
    """
    limit_usd = settings.translation.max_cost_usd
    return CallerLedgers(limit_usd, server_prices(settings), *listeners)


def unlimited_ledger(settings: Settings) -> JobLedger:
    """Return an account without limit, for requests on the caller's own key."""
    return JobLedger(None, server_prices(settings))


def server_prices(settings: Settings) -> Prices:
    """Return the prices of the models of these settings."""
    return prices_of(endpoints_of(settings), settings.translation)


def prices_of(endpoints: Sequence[Endpoint], settings: TranslationSettings) -> Prices:
    """Return the prices of the endpoints' models; those that run locally are free."""
    free = frozenset(endpoint.model for endpoint in endpoints if endpoint.vendor.local)
    return Prices.from_settings(settings, free)
