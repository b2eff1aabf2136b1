"""Errors of jobs that another process has worked on."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.errors import BusyError, CuestreamError, InternalError
from app.domain.events import Failed

_RETRY_AFTER_S = 5


def stored_error(failed: Failed) -> CuestreamError:
    """Return the error that ended a job, from its last event.

    It has the class of its code, so that it is answered with the same status, or the nearest class
    above that takes no more than a message.
    """
    kind = next((each for each in _tree(CuestreamError) if each.code == failed.code), InternalError)
    known = _plain_kinds()
    plain: type[CuestreamError] = next(each for each in kind.__mro__ if each in known)
    error: CuestreamError
    if issubclass(plain, BusyError):
        error = plain(failed.message, _RETRY_AFTER_S)
    else:
        error = plain(failed.message)
    vars(error).update(code=failed.code, retryable=failed.retryable)
    return error


def _tree(kind: type[CuestreamError]) -> Iterator[type[CuestreamError]]:
    """Yield a class before those below it."""
    yield kind
    for below in kind.__subclasses__():
        yield from _tree(below)


def _plain_kinds() -> set[type[CuestreamError]]:
    """Return the classes that take a message, or a message and a time."""
    known = (CuestreamError.__init__, BusyError.__init__)
    return {kind for kind in _tree(CuestreamError) if kind.__init__ in known}
