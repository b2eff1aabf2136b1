"""The one table from errors to HTTP statuses, and the one shape that they have on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from app.domain import errors as e

log = structlog.get_logger()

STATUSES: Mapping[type[e.CuestreamError], int] = {
    e.BadRequestError: 400,
    e.BodyTypeError: 415,
    e.MediaError: 422,
    e.EmptyMediaError: 400,
    e.UnreadableMediaError: 415,
    e.ForbiddenMediaError: 400,
    e.MediaTooLongError: 413,
    e.UnauthorizedError: 401,
    e.ForbiddenError: 403,
    e.NotFoundError: 404,
    e.PayloadTooLargeError: 413,
    e.UploadError: 409,
    e.UploadLockedError: 423,
    e.ChecksumError: 460,
    e.UploadVersionError: 412,
    e.OverloadedError: 429,
    e.RateLimitedError: 429,
    e.BusyError: 503,
    e.SourceError: 502,
    e.SourcePrivateError: 403,
    e.SourceGeoBlockedError: 451,
    e.SourceAgeRestrictedError: 403,
    e.SourceBotCheckError: 403,
    e.SourceLoginRequiredError: 403,
    e.SourceRemovedError: 404,
    e.SourceLiveError: 400,
    e.SourceRateLimitedError: 429,
    e.SourceUnsupportedError: 422,
    e.SourceDrmError: 422,
    e.TranslationError: 502,
    e.TranslationBudgetError: 402,
    e.EngineError: 500,
    e.EngineLoadError: 503,
    e.OutOfMemoryError: 503,
    e.StorageError: 507,
    e.TimedOutError: 504,
    e.JobCancelledError: 409,
    e.InternalError: 500,
}
"""The nearest class in an error's line of descent counts."""

_TRACKS_NAMED = 10
"""A site may have captions in a hundred languages."""

_HTTP_CODES = {400: "invalid_request", 404: "not_found", 405: "method_not_allowed"}
_HTTP_TEXTS = {404: "Not found", 405: "Method not allowed"}


def status_of(error: e.CuestreamError) -> int:
    """Return the HTTP status for an error."""
    for kind in type(error).__mro__:
        if kind in STATUSES:
            return STATUSES[kind]
    return 500


def error_body(text: str, code: str, *, retryable: bool, **more: object) -> dict[str, object]:
    """Return an error's shape on the wire; ``error`` is always a string."""
    return {"error": text, "code": code, "retryable": retryable, **more}


def error_response(error: e.CuestreamError) -> JSONResponse:
    """Return an error as an HTTP answer."""
    more: dict[str, object] = {}
    headers: dict[str, str] = {}
    if isinstance(error, e.BusyError):
        headers["Retry-After"] = str(error.retry_after_s)
        more["retry_after"] = error.retry_after_s
    if isinstance(error, e.RateLimitedError):
        more["message"] = error.advice
    if isinstance(error, e.PayloadTooLargeError):
        more["max_size_mb"] = error.limit_mb
        headers["Connection"] = "close"
    if isinstance(error, e.UpgradeRequiredError):
        more["upgrade"] = True
    if isinstance(error, e.NoCaptionsError):
        more["available_manual"] = error.manual[:_TRACKS_NAMED]
        more["available_auto"] = error.auto[:_TRACKS_NAMED]
    if isinstance(error, e.SourceError) and error.retryable:
        more["retry"] = True
    if isinstance(error, e.UnauthorizedError):
        headers["WWW-Authenticate"] = "Bearer"
    body = error_body(error.message, error.code, retryable=error.retryable, **more)
    return JSONResponse(body, status_of(error), headers)


def install_error_handlers(app: FastAPI) -> None:
    """Answer every error in the one shape."""

    @app.exception_handler(e.CuestreamError)
    async def ours(request: Request, error: e.CuestreamError) -> JSONResponse:
        request.app.state.services.metrics.error(error.code)
        return error_response(error)

    @app.exception_handler(HTTPException)
    async def framework(_: Request, error: HTTPException) -> JSONResponse:
        text = _HTTP_TEXTS.get(error.status_code, str(error.detail))
        code = _HTTP_CODES.get(error.status_code, "http_error")
        body = error_body(text, code, retryable=False, message=str(error.detail))
        return JSONResponse(body, error.status_code, _headers(error))

    @app.exception_handler(RequestValidationError)
    async def validation(_: Request, error: RequestValidationError) -> JSONResponse:
        return error_response(e.InvalidFieldError(describe(error.errors())))

    @app.exception_handler(Exception)
    async def defect(_: Request, error: Exception) -> JSONResponse:
        log.error("request failed by a defect", exc_info=error)
        return error_response(e.InternalError("Internal server error"))


def describe(problems: Any) -> str:
    """Return what is wrong with a body, by field, in one sentence."""
    parts = []
    for problem in problems:
        place = ".".join(str(part) for part in problem["loc"] if part not in ("body", "query"))
        parts.append(f"{place}: {problem['msg']}" if place else str(problem["msg"]))
    return "; ".join(parts) or "Invalid request"


def _headers(error: HTTPException) -> dict[str, str] | None:
    return dict(error.headers) if error.headers else None
