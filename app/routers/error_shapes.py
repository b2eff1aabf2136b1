"""Wire shapes of errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from asgi_correlation_id import correlation_id
from pydantic import BaseModel

from app.domain import errors as e
from app.domain.errors import NoCaptionsError
from app.routers.job_answers import ApiError


@dataclass(frozen=True, slots=True)
class HttpError:
    """An error as HTTP has it, before it is put into a shape.

    Attributes:
        status: HTTP status.
        text: one sentence for people.
        code: stable machine-readable name.
        retryable: whether the same request may succeed later.
        details: further fields of our own shape.
        headers: of the response.
    """

    status: int
    text: str
    code: str
    retryable: bool = False
    details: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """The shape that the clients of some routes expect errors in.

    Attributes:
        prefix: of the paths of those routes.
        body: makes the JSON body of an error.
        headers: that every error carries.
        model: describes the body.
        statuses: in place of our own, where clients take one of ours for something else.
        advises_retries: whether errors that clients might send again say if that is of use.
        tells_keys: whether a wrong method is answered after the key was checked: clients ask for a
            route of uploads by GET to learn whether theirs is right.
        is_text: whether an error is its text alone, for clients that look at no status and take
            an object for an answer.
    """

    prefix: str
    body: Callable[[HttpError], dict[str, object]]
    headers: Mapping[str, str] = field(default_factory=dict)
    model: type[BaseModel] = ApiError
    statuses: Mapping[int, int] = field(default_factory=dict)
    advises_retries: bool = False
    tells_keys: bool = False
    is_text: bool = False

    def shown(self, error: HttpError) -> HttpError:
        """Return an error with the status that these clients get."""
        return replace(error, status=self.statuses.get(error.status, error.status))

    def retry_headers(self, error: HttpError) -> Mapping[str, str]:
        """Return what says whether the request is worth another try."""
        if not self.advises_retries or (error.status not in _RETRIED and error.status < 500):
            return {}
        return {"X-Should-Retry": "true" if error.retryable else "false"}


_RETRIED = frozenset({408, 409, 429})
"""Statuses below 500 after which OpenAI's SDKs send a request again unless `X-Should-Retry` says
otherwise. Source: ``_should_retry`` of their Python SDK."""


def error_body(text: str, code: str, *, retryable: bool, **details: object) -> dict[str, object]:
    """Return our own shape; ``error`` is always a string."""
    return {"error": text, "code": code, "retryable": retryable, **details}


def native_body(error: HttpError) -> dict[str, object]:
    """Return an error in our own shape."""
    return error_body(error.text, error.code, retryable=error.retryable, **error.details)


def plain_text(error: HttpError) -> str:
    """Return an error as a line that no reader of subtitles or of JSON takes for an answer."""
    return f"Error ({error.code}): {error.text}"


OPENAI_STATUSES: Mapping[int, int] = {415: 400, 422: 400}
"""A client that gets 422 tries another route with the same file; the SDKs have no class for 415."""

_OPENAI_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}
_OPENAI_CODES: Mapping[str, str] = {e.UnauthorizedError.code: "invalid_api_key"}
_OPENAI_PARAMS: Mapping[str, str] = {
    e.InvalidFormatError.code: "response_format",
    e.InvalidLanguageError.code: "language",
    e.ModelNotFoundError.code: "model",
    **{
        kind.code: "file"
        for kind in (
            e.MediaError,
            e.EmptyMediaError,
            e.UnreadableMediaError,
            e.TruncatedMediaError,
            e.ForbiddenMediaError,
            e.MediaTooLongError,
            e.ResourceLimitError,
            e.PayloadTooLargeError,
        )
    },
}
"""Parameter that an error of a class is always about."""


def openai_body(error: HttpError) -> dict[str, object]:
    """Return an error as OpenAI's SDKs read it: ``error`` is an object with a text."""
    usual = "invalid_request_error" if error.status < 500 else "server_error"
    body: dict[str, object] = {
        "message": error.text,
        "type": _OPENAI_TYPES.get(error.status, usual),
        "param": error.details.get("field", _OPENAI_PARAMS.get(error.code)),
        "code": _OPENAI_CODES.get(error.code, error.code),
    }
    return {"error": body}


DEEPGRAM_STATUSES: Mapping[int, int] = {415: 400, 422: 400}
"""Media that cannot be read are a bad request to its clients."""


def deepgram_body(error: HttpError) -> dict[str, object]:
    """Return an error as Deepgram's clients read it."""
    request_id = correlation_id.get() or ""
    return {"err_code": error.code, "err_msg": error.text, "request_id": request_id}


def detailed_body(error: HttpError) -> dict[str, object]:
    """Return an error in our own shape, its text once more where FastAPI's own errors have it.

    What is said of missing captions is an object there.
    """
    detail: object = error.text
    if error.code == NoCaptionsError.code:
        listed = (error.details.get(name) for name in ("available_manual", "available_auto"))
        detail = {
            "error": "No subtitles available",
            "message": error.text,
            "available_languages": [
                tag for tags in listed if isinstance(tags, tuple) for tag in tags
            ],
            "suggested_workflow": "POST /api/process transcribes the recording",
        }
    return {**native_body(error), "detail": detail}


_VIDEO_ERRORS = {
    400: "Bad Request",
    401: "Unauthorized",
    404: "Job not found",
    500: "Processing failed",
}
_NO_KEY = "Invalid or missing API key"


def video_body(error: HttpError) -> dict[str, object]:
    """Return an error as clients of `/video` read it: a title, and a message for people.

    Our own fields stand beside them.
    """
    title = _VIDEO_ERRORS.get(error.status, error.text)
    message = _NO_KEY if error.status == 401 else error.text
    return {**native_body(error), "error": title, "message": message}


def video_job_body(error: HttpError) -> dict[str, object]:
    """Return an error as clients of `/jobs/{id}` read it: without a key, as at `/video`."""
    return video_body(error) if error.status == 401 else detailed_body(error)
