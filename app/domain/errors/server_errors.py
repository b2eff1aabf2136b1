"""Errors of the server's state: its load, its limits, its configuration, its defects."""

from __future__ import annotations

from app.domain.errors.cuestream_error import CuestreamError


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


class TokenNotConfiguredError(CuestreamError):
    """Nobody may call the routes that want a token, since the server has none."""

    code = "token_not_configured"


class ResourceLimitError(CuestreamError):
    """The input takes more memory, time or disk than a program may use for one."""

    code = "resource_limit"


class OutputTooLargeError(ResourceLimitError):
    """A job's output, or one part of it, is larger than a queue hands out."""

    code = "output_too_large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"The output is larger than {limit_bytes // 2**20} MiB")


class RequestTimeoutError(CuestreamError):
    """The request came too slowly: its head, or its body."""

    code = "request_timeout"
    retryable = True


class TimedOutError(CuestreamError):
    """The answer would come after the gateway has hung up."""

    code = "timed_out"
    retryable = True


class InternalError(CuestreamError):
    """A defect of ours."""

    code = "internal"
    retryable = True
