"""HTTP responses for errors: statuses, wire shapes, handlers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.domain import errors as e
from app.routers.error_shapes import (
    DEEPGRAM_STATUSES,
    OPENAI_STATUSES,
    ErrorShape,
    HttpError,
    deepgram_body,
    detailed_body,
    native_body,
    openai_body,
    plain_text,
    video_body,
    video_job_body,
)
from app.routers.job_answers import DeepgramError, OpenAiError
from app.routers.tus_version import TUS_VERSION
from app.submission.field_problems import describe

log = structlog.get_logger()

STATUSES: Mapping[type[e.CuestreamError], int] = {
    e.BadRequestError: 400,
    e.NotAcceptableError: 406,
    e.BodyTypeError: 415,
    e.IdempotencyConflictError: 422,
    e.MediaError: 422,
    e.EmptyMediaError: 400,
    e.UnreadableMediaError: 415,
    e.ForbiddenMediaError: 400,
    e.MediaTooLongError: 413,
    e.PictureTooLargeError: 413,
    e.LinkInvalidError: 403,
    e.LinkExpiredError: 403,
    e.UnauthorizedError: 401,
    e.ForbiddenError: 403,
    e.NotFoundError: 404,
    e.PayloadTooLargeError: 413,
    e.HeadersTooLargeError: 431,
    e.EditError: 409,
    e.EditsChangedError: 412,
    e.EditsUnconditionalError: 428,
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
    e.SourceTooSlowError: 504,
    e.TranslationError: 502,
    e.TranslationBudgetError: 402,
    e.EngineError: 500,
    e.EngineLoadError: 503,
    e.RemoteEngineError: 502,
    e.OutOfMemoryError: 503,
    e.DocumentStoreError: 502,
    e.DatabaseUnreachableError: 503,
    e.ClaimLostError: 409,
    e.DocumentSchemaError: 500,
    e.BatchUnavailableError: 503,
    e.TokenNotConfiguredError: 500,
    e.ResourceLimitError: 422,
    e.StorageError: 507,
    e.ObjectStoreError: 502,
    e.StoreUnavailableError: 503,
    e.QueueError: 500,
    e.JobInterruptedError: 503,
    e.JobExpiredError: 504,
    e.ExecutionTimeoutError: 504,
    e.RequestTimeoutError: 408,
    e.TimedOutError: 504,
    e.JobCancelledError: 409,
    e.InternalError: 500,
}
"""The nearest class in an error's method resolution order applies."""

ERROR_SHAPES: tuple[ErrorShape, ...] = (
    ErrorShape("/api/uploads", native_body, {"Tus-Resumable": TUS_VERSION}),
    ErrorShape("/v1/listen", deepgram_body, model=DeepgramError, statuses=DEEPGRAM_STATUSES),
    ErrorShape(
        "/v1",
        openai_body,
        model=OpenAiError,
        statuses=OPENAI_STATUSES,
        advises_retries=True,
        tells_keys=True,
    ),
    ErrorShape("/jobs/status", detailed_body),
    ErrorShape("/jobs/video-audio-transcription", detailed_body),
    ErrorShape("/jobs/", video_job_body),
    ErrorShape("/queue/", video_job_body),
    ErrorShape("/video/", video_body),
    ErrorShape("/runpod/", video_body),
    ErrorShape("/job/", video_body),
    ErrorShape("/subtitles", detailed_body),
    ErrorShape("/transcription", detailed_body),
    ErrorShape("/transcribe", detailed_body),
    ErrorShape("/extract-audio", detailed_body),
    ErrorShape("/download", detailed_body),
    ErrorShape("/batch-download", detailed_body),
    ErrorShape("/playlist/", detailed_body),
    ErrorShape("/screenshot/", detailed_body),
    ErrorShape("/cache", detailed_body),
    ErrorShape("/admin/", detailed_body),
    ErrorShape("/asr", native_body, is_text=True),
    ErrorShape("/detect-language", native_body, is_text=True),
    ErrorShape("/", native_body),
)
"""The first row whose prefix a path has applies; the last one has every path's."""

INVALID_JSON = "Invalid JSON in request body"
NOT_AN_OBJECT = "The request body must be a JSON object"

_MAX_TRACKS = 10
"""A site may have captions in a hundred languages."""

_HTTP_CODES = {400: "invalid_request", 404: "not_found", 405: "method_not_allowed"}
_HTTP_TEXTS = {404: "Not found", 405: "Method not allowed"}

_WRONG_METHOD = 405

_NOT_AN_OBJECT_TYPES = frozenset({"model_attributes_type", "model_type"})


def status_of(error: e.CuestreamError) -> int:
    """Return the HTTP status for an error."""
    return status_of_kind(type(error))


def status_of_kind(kind: type[e.CuestreamError]) -> int:
    """Return the HTTP status for a class of errors."""
    return next((STATUSES[each] for each in kind.__mro__ if each in STATUSES), 500)


def http_error(error: e.CuestreamError) -> HttpError:
    """Return an error as HTTP has it."""
    return HttpError(
        status=status_of(error),
        text=error.message,
        code=error.code,
        retryable=error.retryable,
        details=_details(error),
        headers=_headers(error),
    )


def shape_for(path: str) -> ErrorShape:
    """Return the shape of errors at a path."""
    return next(shape for shape in ERROR_SHAPES if path.startswith(shape.prefix))


def error_response(error: HttpError, path: str) -> Response:
    """Return the response to a request for a path, in the shape of that path's routes."""
    shape = shape_for(path)
    shown = shape.shown(error)
    headers = {**shown.headers, **shape.headers, **shape.retry_headers(shown)}
    if shape.is_text:
        return PlainTextResponse(plain_text(shown), shown.status, headers)
    return JSONResponse(shape.body(shown), shown.status, headers)


CheckKey = Callable[[Request], Awaitable[None]]
"""Raises `UnauthorizedError` where a request lacks a key that it needs."""


def install_error_handlers(app: FastAPI, check_key: CheckKey) -> None:
    """Answer every error in the shape of its path.

    Args:
        app: the application.
        check_key: for wrong methods; see `ErrorShape.tells_keys`.
    """

    @app.exception_handler(e.CuestreamError)
    async def expected(request: Request, error: e.CuestreamError) -> Response:
        request.app.state.services.metrics.error(error.code)
        return error_response(http_error(error), request.url.path)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return await expected(request, _request_error(error))

    @app.exception_handler(HTTPException)
    async def framework(request: Request, error: HTTPException) -> Response:
        cause = _body_error(error) or await _key_error(request, error, check_key)
        if cause is not None:
            return await expected(request, cause)
        return error_response(_framework_error(error), request.url.path)

    @app.exception_handler(Exception)
    async def defect(request: Request, error: Exception) -> Response:
        log.error("request failed by a defect", exc_info=error)
        internal = e.InternalError("Internal server error")
        return error_response(http_error(internal), request.url.path)


def _details(error: e.CuestreamError) -> Mapping[str, object]:
    """Return the fields that errors of some classes have beside the common ones."""
    match error:
        case e.RateLimitedError():
            return {"retry_after": error.retry_after_s, "message": error.advice}
        case e.BusyError():
            return {"retry_after": error.retry_after_s}
        case e.PayloadTooLargeError():
            return {"max_size_mb": error.limit_mb}
        case e.NotAcceptableError():
            return {"available": error.available}
        case e.EditsChangedError():
            return {"version": error.version}
        case e.UpgradeRequiredError():
            return {"upgrade": True}
        case e.RepeatedFieldError() | e.NamedFieldError():
            return {"field": error.field}
        case e.NoCaptionsError():
            tracks = {"available_manual": error.manual, "available_auto": error.auto}
            return {name: tags[:_MAX_TRACKS] for name, tags in tracks.items()}
        case e.SourceError(retryable=True):
            return {"retry": True}
        case _:
            return {}


def _headers(error: e.CuestreamError) -> Mapping[str, str]:
    """Return the headers that errors of some classes have."""
    match error:
        case e.BusyError():
            return {"Retry-After": str(error.retry_after_s)}
        case e.PayloadTooLargeError() | e.RequestTimeoutError():
            return {"Connection": "close"}
        case e.UnauthorizedError():
            return {"WWW-Authenticate": "Bearer"}
        case e.UploadOffsetError():
            return {"Upload-Offset": str(error.offset)}
        case e.UploadVersionError():
            return {"Tus-Version": TUS_VERSION}
        case _:
            return {}


def _request_error(error: RequestValidationError) -> e.BadRequestError:
    """Return the error of a request whose body or query FastAPI refused."""
    problems = error.errors()
    # A body that FastAPI does not take for JSON reaches validation as bytes.
    if isinstance(error.body, bytes):
        return e.BadRequestError(INVALID_JSON)
    for problem in problems:
        of_the_body = tuple(problem["loc"]) in ((), ("body",))
        if problem["type"] == "json_invalid" or (of_the_body and problem["type"] == "missing"):
            return e.BadRequestError(INVALID_JSON)
        if of_the_body and problem["type"] in _NOT_AN_OBJECT_TYPES:
            return e.BadRequestError(NOT_AN_OBJECT)
    return e.InvalidFieldError(describe(problems))


def _body_error(error: HTTPException) -> e.CuestreamError | None:
    """Return the error that stopped the reading of a body, which FastAPI wraps; else None."""
    cause = error.__cause__
    if isinstance(cause, e.CuestreamError):
        return cause
    # The body is not UTF-8, or nested too deeply.
    if isinstance(cause, ValueError | RecursionError):
        return e.BadRequestError(INVALID_JSON)
    if isinstance(cause, ClientDisconnect):
        return e.JobCancelledError("The client left during the upload")
    return None


async def _key_error(
    request: Request, error: HTTPException, check_key: CheckKey
) -> e.UnauthorizedError | None:
    """Return what is wrong with the key of a request by a wrong method, where clients ask so."""
    if error.status_code != _WRONG_METHOD or not shape_for(request.url.path).tells_keys:
        return None
    try:
        await check_key(request)
    except e.UnauthorizedError as refused:
        return refused
    return None


def _framework_error(error: HTTPException) -> HttpError:
    return HttpError(
        status=error.status_code,
        text=_HTTP_TEXTS.get(error.status_code, str(error.detail)),
        code=_HTTP_CODES.get(error.status_code, "http_error"),
        details={"message": str(error.detail)},
        headers=error.headers or {},
    )
