"""The server's own trouble."""

from __future__ import annotations

from app.domain.errors.root import CuestreamError


class StorageError(CuestreamError):
    """The disk is full or not writable."""

    code = "storage_failed"
    retryable = True


class TimedOutError(CuestreamError):
    """The answer would come after the gateway has hung up."""

    code = "timed_out"
    retryable = True


class JobCancelledError(CuestreamError):
    """Every reader left."""

    code = "cancelled"
    retryable = True


class InternalError(CuestreamError):
    """A defect of ours."""

    code = "internal"
    retryable = True
