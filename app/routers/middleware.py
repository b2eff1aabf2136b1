"""ASGI middleware that every request passes before its route."""

from __future__ import annotations

import re
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()

_SLASHES = re.compile(r"/{2,}")
_QUIET = frozenset({"/ping", "/health", "/metrics"})


_SOCKETS = "/socket.io"
"""Socket.IO's own path ends with a slash."""


class CollapseSlashes:
    """Treats ``//api/stream`` and ``/api/stream/`` as ``/api/stream``.

    Clients append paths to bases with a slash. A redirect would lose a body and, behind a proxy
    that ends TLS, lead to ``http``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under its plain path."""
        if scope["type"] in ("http", "websocket"):
            path = _plain(scope["path"])
            if path != scope["path"]:
                scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)


def _plain(path: str) -> str:
    path = _SLASHES.sub("/", path)
    if path.startswith(_SOCKETS) or path == "/":
        return path
    return path.removesuffix("/")


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
