"""ASGI middleware that every request passes before its route."""

from __future__ import annotations

import re
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.errors import PayloadTooLargeError
from app.routers.error_responses import error_response, http_error

log = structlog.get_logger()

_SLASHES = re.compile(r"/{2,}")
_QUIET = frozenset({"/ping", "/health", "/metrics"})
_UPLOAD_TYPES = (b"multipart/", b"application/offset+octet-stream")


class CollapseSlashes:
    """Treats ``//api/stream`` as ``/api/stream``: clients append paths to bases with a slash."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under its plain path."""
        if scope["type"] in ("http", "websocket") and "//" in scope["path"]:
            path = _SLASHES.sub("/", scope["path"])
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)


class JsonByDefault:
    """Lets routes read every body but an upload as JSON, whatever its content type.

    Clients send JSON as ``text/plain``, as a form, or without a type; FastAPI's
    ``strict_content_type=False`` takes a body without a type for JSON, but none of another type.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on without its content type."""
        if scope["type"] == "http" and not _is_upload(scope):
            headers = [pair for pair in scope["headers"] if pair[0] != b"content-type"]
            scope = {**scope, "headers": headers}
        await self._app(scope, receive, send)


class BodyLimit:
    """Refuses a body that is too large, by its declared length or while it is read.

    Args:
        app: the next application.
        json_bytes: limit of every body but an upload.
        upload_bytes: limit of a multipart body, and of one part of an upload in parts.
    """

    def __init__(self, app: ASGIApp, json_bytes: int, upload_bytes: int) -> None:
        self._app = app
        self._json_bytes = json_bytes
        self._upload_bytes = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a receiver that counts."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._upload_bytes if _is_upload(scope) else self._json_bytes
        declared = dict(scope["headers"]).get(b"content-length", b"")
        if declared.isdigit() and int(declared) > limit:
            error = http_error(PayloadTooLargeError(limit // 2**20))
            await error_response(error, scope["path"])(scope, receive, send)
            return
        await self._app(scope, _counting(receive, limit), send)


def _is_upload(scope: Scope) -> bool:
    content_type: bytes = dict(scope["headers"]).get(b"content-type", b"")
    return content_type.lower().startswith(_UPLOAD_TYPES)


def _counting(receive: Receive, limit: int) -> Receive:
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise PayloadTooLargeError(limit // 2**20)
        return message

    return counted


class AccessLog:
    """Logs each request once; no header and no query string is ever written."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and log how it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        status = 0

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noting_status)
        finally:
            write = log.debug if scope["path"] in _QUIET else log.info
            elapsed_ms = round((time.monotonic() - started) * 1000)
            write(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                elapsed_ms=elapsed_ms,
            )
