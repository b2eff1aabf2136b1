"""What endpoints, dependencies and checks may raise, as they say it themselves.

The API's own description lists it for each route; see `api_document`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, WeakSet

from app.domain import errors as e


@dataclass(frozen=True, slots=True)
class KeyNeed:
    """A key that a check asks for.

    Attributes:
        schemes: names of ways to bring it.
        optional: whether a setting opens the route.
    """

    schemes: tuple[str, ...]
    optional: bool


_ERRORS: WeakKeyDictionary[Callable[..., Any], tuple[type[e.CuestreamError], ...]]
_ERRORS = WeakKeyDictionary()
_KEY_NEEDS: WeakKeyDictionary[Callable[..., Any], KeyNeed] = WeakKeyDictionary()
_LATE: WeakSet[Callable[..., Any]] = WeakSet()

_Function = TypeVar("_Function", bound=Callable[..., Any])


def family(*kinds: type[e.CuestreamError]) -> tuple[type[e.CuestreamError], ...]:
    """Return classes of errors with all that derive from them."""
    return tuple(dict.fromkeys(kind for each in kinds for kind in _with_children(each)))


def raises(*kinds: type[e.CuestreamError]) -> Callable[[_Function], _Function]:
    """Return a decorator that says which errors a function raises, beside those of its callees."""

    def mark(function: _Function) -> _Function:
        _ERRORS[function] = kinds
        return function

    return mark


def answers_late(function: _Function) -> _Function:
    """Say of an endpoint that its JSON may begin before its work has ended.

    Such an answer has status 200 whatever happens, so its body may be an error.
    """
    _LATE.add(function)
    return function


def wants_key(*schemes: str, optional: bool = False) -> Callable[[_Function], _Function]:
    """Return a decorator that says of a check that it asks for a key.

    Args:
        schemes: names of those that the description has; the usual ones unless given.
        optional: whether a setting opens the route.
    """

    def mark(function: _Function) -> _Function:
        _KEY_NEEDS[function] = KeyNeed(schemes or ("ApiKey", "Bearer"), optional)
        return function

    return mark


def errors_of(function: Callable[..., Any]) -> tuple[type[e.CuestreamError], ...]:
    """Return what a function says that it raises."""
    return _ERRORS.get(function, ())


def is_late(function: Callable[..., Any]) -> bool:
    """Return whether a function says that its answer may come late."""
    return function in _LATE


def key_need_of(function: Callable[..., Any]) -> KeyNeed | None:
    """Return the key that a check asks for; None where it asks for none."""
    return _KEY_NEEDS.get(function)


def _with_children(kind: type[e.CuestreamError]) -> Iterator[type[e.CuestreamError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _with_children(child)


_REQUEST = (
    e.StoreNotConfiguredError,
    e.OperationUnavailableError,
    e.RepeatedFieldError,
    e.SeveralSourcesError,
    e.InvalidLanguageError,
    e.InvalidFormatError,
    e.InvalidProfileError,
    e.UnavailableOptionError,
    e.UrlBlockedError,
    e.InvalidCaptionsError,
    e.TooMuchWorkError,
    e.UploadNotFoundError,
    e.UploadIncompleteError,
    e.UploadLockedError,
    e.StorageError,
    e.ResourceLimitError,
    e.OverloadedError,
    e.JobCancelledError,
    e.TranscriptionDisabledError,
)

SUBMISSION_ERRORS = (*_REQUEST, *family(e.MediaError, e.SourceError))
"""What the submission of a job raises before any work."""

JOB_ERRORS = (
    *SUBMISSION_ERRORS,
    e.InvalidAudioTrackError,
    *family(e.TranslationError),
    e.EngineError,
    e.EngineLoadError,
    e.OutOfMemoryError,
    e.NotReadyError,
    e.DrainingError,
    e.TimedOutError,
    e.InternalError,
)
"""What a job may end with."""

SITE_CAPTION_ERRORS = (
    e.BadRequestError,
    e.InvalidLanguageError,
    e.UrlBlockedError,
    e.NoCaptionsError,
    e.OverloadedError,
    e.InvalidCaptionsError,
    e.TooMuchWorkError,
    e.ResourceLimitError,
    e.StorageError,
    *family(e.SourceError),
)
"""What a look-up of a site's captions raises."""
