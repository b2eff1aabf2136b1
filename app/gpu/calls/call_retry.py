"""Repetition of calls to servers whose failure may pass."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import stamina
import structlog

from app.domain.errors import RemoteEngineError

log = structlog.get_logger()

T = TypeVar("T")

_FIRST_S = 0.5
_LONGEST_S = 8.0
_JITTER = 0.25
"""Delays of OpenAI's own SDK: 0.5 s, doubled to 8 s, less up to a quarter."""

_PATIENCE_S = 120.0
"""Longest ``Retry-After`` that is waited for. Source: OpenAI's SDK for Python."""


class PassingCallError(Exception):
    """The same call may succeed in a moment.

    Attributes:
        message: for the error that follows when all attempts failed; holds no text of the server's,
            which may quote a key.
        retry_after_s: delay that the server asks for; None if it names none.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s


async def repeated(attempts: int, operation: Callable[[], Awaitable[T]]) -> T:
    """Await an operation, again after each failure that may pass.

    Args:
        attempts: how often at most.
        operation: what may raise `PassingCallError`.

    Raises:
        RemoteEngineError: the last attempt failed too, or the server asked for a longer delay than
            we wait; whatever else the operation raises is not repeated.
    """
    retry = stamina.AsyncRetryingCaller(
        attempts=attempts,
        timeout=None,
        wait_initial=(1 - _JITTER) * _FIRST_S,
        wait_jitter=_JITTER * _FIRST_S,
        wait_max=_LONGEST_S,
    )
    try:
        return await retry(_delay, operation)
    except PassingCallError as failure:
        raise RemoteEngineError(failure.message) from None


def _delay(error: BaseException) -> bool | float:
    """Return whether to try again, or the seconds after which to."""
    if not isinstance(error, PassingCallError):
        return False
    log.info("a call of an engine failed", failure=error.message)
    retry_after_s = error.retry_after_s or 0.0
    if retry_after_s > _PATIENCE_S:
        return False
    return retry_after_s if retry_after_s > _FIRST_S else True
