"""A server that cannot work now."""

from __future__ import annotations

from app.domain.errors.root import CuestreamError


class BusyError(CuestreamError):
    """Not now, perhaps later."""

    retryable = True

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class OverloadedError(BusyError):
    """Every place is taken."""

    code = "overloaded"


class RateLimitedError(BusyError):
    """The caller asked too often.

    Attributes:
        advice: which limit it was and when to come back.
    """

    code = "rate_limited"

    def __init__(self, limit: str, retry_after_s: int) -> None:
        super().__init__("Rate limit exceeded", retry_after_s)
        self.advice = f"The limit is {limit}; try again in {retry_after_s} s"


class NotReadyError(BusyError):
    """Models still load, or could not be loaded."""

    code = "not_ready"


class DrainingError(BusyError):
    """The server is going away."""

    code = "server_shutdown"
