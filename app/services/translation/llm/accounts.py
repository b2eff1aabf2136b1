"""The server's accounts of what language models are paid, as its settings want them."""

from __future__ import annotations

from collections.abc import Sequence

from app.services.translation.llm.endpoint import Endpoint, endpoints_of
from app.services.translation.llm.ledger import CallerLedgers, JobLedger, Told
from app.services.translation.llm.prices import Prices
from app.settings import Settings, TranslationSettings


def open_ledgers(settings: Settings, *told: Told) -> CallerLedgers:
    """Return the accounts of all jobs and callers.

    Args:
        settings: the budget of a job, the prices, and the models that run at home.
        told: who else wants to know of each request.
    """
    limit_usd = settings.translation.max_cost_usd
    return CallerLedgers(limit_usd, server_prices(settings), *told)


def unlimited_ledger(settings: Settings) -> JobLedger:
    """Return an account for requests that the caller pays for elsewhere."""
    return JobLedger(None, server_prices(settings))


def server_prices(settings: Settings) -> Prices:
    """Return what models cost here."""
    return prices_of(endpoints_of(settings), settings.translation)


def prices_of(endpoints: Sequence[Endpoint], settings: TranslationSettings) -> Prices:
    """Return what the endpoints' models cost; those that run at home are free."""
    free = frozenset(endpoint.model for endpoint in endpoints if endpoint.vendor.local)
    return Prices.from_settings(settings, free)
