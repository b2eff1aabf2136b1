"""What language models are paid, by job and by caller."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from app.domain.errors import TranslationBudgetError
from app.domain.events import Usage
from app.services.translation.llm.prices import Prices

Told = Callable[[str, int, int, float | None], None]
"""Called with each request: model, tokens in, tokens out, US dollars if known."""


class JobLedger:
    """One job's account; see ``protocol.Ledger``.

    Every ``afford`` is followed by one ``spend``, whatever came of the request. Until then its
    estimate counts as spent, so that requests side by side cannot overdraw the account together.

    Args:
        limit_usd: what the job may cost; None for anything.
        prices: what models cost.
        told: who else wants to know.
    """

    def __init__(self, limit_usd: float | None, prices: Prices, *told: Told) -> None:
        self._limit_usd = limit_usd
        self._prices = prices
        self._told = told
        self._usage = Usage()
        self._in_flight: deque[float] = deque()

    def afford(self, model: str, prompt_tokens: int, completion_tokens: int) -> None:
        """Check ahead of a request that its estimated cost is still allowed, and reserve it.

        Raises:
            TranslationBudgetError: it is not.
        """
        estimate_usd = self._cost_usd(model, prompt_tokens, completion_tokens) or 0.0
        spent_usd = self._usage.cost_usd or 0.0
        limit_usd = self._limit_usd
        if limit_usd is not None and spent_usd + sum(self._in_flight) + estimate_usd > limit_usd:
            raise TranslationBudgetError(
                f"The translation would cost more than MAX_COST_USD (${limit_usd:g}) allows: "
                f"${spent_usd:.4f} is spent already"
            )
        self._in_flight.append(estimate_usd)

    def spend(self, model: str, prompt_tokens: int, completion_tokens: int) -> None:
        """Note what a request has used; nothing at all for one that was never answered."""
        if self._in_flight:
            self._in_flight.popleft()
        if not prompt_tokens and not completion_tokens:
            return
        cost_usd = self._cost_usd(model, prompt_tokens, completion_tokens)
        self._usage = _added(self._usage, prompt_tokens, completion_tokens, cost_usd)
        for tell in self._told:
            tell(model, prompt_tokens, completion_tokens, cost_usd)

    def usage(self) -> Usage:
        """Return what was spent so far."""
        return self._usage

    def _cost_usd(self, model: str, prompt_tokens: int, completion_tokens: int) -> float | None:
        price = self._prices.of(model)
        return None if price is None else price.cost_usd(prompt_tokens, completion_tokens)


class CallerLedgers:
    """Accounts of all jobs, and what each caller has spent since the server started.

    Args:
        limit_usd: what one job may cost; None for anything.
        prices: what models cost.
        told: who else wants to know of each request.
    """

    def __init__(self, limit_usd: float | None, prices: Prices, *told: Told) -> None:
        self._limit_usd = limit_usd
        self._prices = prices
        self._told = told
        self._totals: dict[str, Usage] = {}

    def open(self, caller: str) -> JobLedger:
        """Return an account for one job.

        Args:
            caller: who pays, as a name that is no secret; empty where nobody has a key.
        """

        def add(_: str, prompt_tokens: int, completion_tokens: int, cost: float | None) -> None:
            before = self._totals.get(caller, Usage())
            self._totals[caller] = _added(before, prompt_tokens, completion_tokens, cost)

        return JobLedger(self._limit_usd, self._prices, add, *self._told)

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
