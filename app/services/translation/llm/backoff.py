"""Exponential backoff between attempts at a provider."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import stamina
import structlog
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from app.domain.errors import TranslationError
from app.services.translation.llm.provider_errors import PassingFailureError

log = structlog.get_logger()

T = TypeVar("T")

_JITTER = 0.25
"""Share of the first delay that chance decides."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential delays with jitter; a provider's longer ``Retry-After`` goes before them.

    Attributes:
        first_s: before the second attempt at most; each further delay is twice as long.
        longest_s: no delay of our own exceeds it.
        patience_s: a provider that asks for a longer delay is given up.

    Source: the delays are those of OpenAI's own SDK, 0.5 s to 8 s less up to a quarter.
    """

    first_s: float = 0.5
    longest_s: float = 8.0
    patience_s: float = 60.0

    async def call(self, attempts: int, operation: Callable[[], Awaitable[T]]) -> T:
        """Await an operation, again after each failure that may pass.

        Args:
            attempts: how often at most.
            operation: what may raise ``PassingFailureError``.

        Raises:
            TranslationError: the last attempt failed too, or the provider asked for a longer
                delay than we wait; whatever else the operation raises is not retried.
        """
        retry = stamina.AsyncRetryingCaller(
            attempts=attempts,
            timeout=None,
            wait_initial=(1 - _JITTER) * self.first_s,
            wait_jitter=_JITTER * self.first_s,
            wait_max=self.longest_s,
        )
        try:
            return await retry(self._delay, operation)
        except PassingFailureError as failure:
            raise TranslationError(failure.message) from None

    def _delay(self, error: BaseException) -> bool | float:
        """Return whether to try again, or the seconds after which to."""
        if not isinstance(error, PassingFailureError):
            return False
        retry_after_s = error.retry_after_s or 0.0
        if retry_after_s > self.patience_s:
            return False
        return retry_after_s if retry_after_s > self.first_s else True


def _log_retry(details: RetryDetails) -> None:
    failure = details.caused_by
    if isinstance(failure, PassingFailureError):
        log.info(failure.event, failure=failure.message, retry_in_s=details.wait_for)


set_on_retry_hooks([_log_retry])  # in place of stamina's own, which count and log on their own
