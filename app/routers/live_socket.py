"""Live captions over Socket.IO, version 4 of its protocol, namespace ``/live``.

A client sends ``start_stream {target_lang}`` whenever it has connected, then ``audio_chunk`` with
16-bit mono PCM at 16 kHz, and perhaps ``stop_stream``; it hears ``live_result`` alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import socketio
from fastapi import FastAPI
from socketio import exceptions

from app.container import Services
from app.domain.errors import CuestreamError
from app.routers.dependencies import bearer_token, key_among
from app.services.live.live_result import LiveResult
from app.services.live.sound_queue import read_pcm
from app.settings import Settings

_PATH = "/socket.io"
_NAMESPACES = ("/live", "//live")
"""The second one is asked for by a client whose base address ends with a slash."""

_EXTENSIONS = ("chrome-extension://", "moz-extension://", "safari-web-extension://")
"""Schemes of the origins of browser extensions: their ids are no secret and differ by store, so
there is nothing to be gained by listing them."""

_MAX_MESSAGE_BYTES = 2**19


def mount_live(app: FastAPI, settings: Settings) -> None:
    """Serve live captions beside the routes."""
    if not settings.live.enabled:
        return
    server = socketio.AsyncServer(
        async_mode="asgi",
        transports=["websocket"],
        cors_allowed_origins=_Origins(settings.server.cors_origins),
        max_http_buffer_size=_MAX_MESSAGE_BYTES,
        # One event after the other: sound must stay in order.
        async_handlers=False,
    )
    for namespace in _NAMESPACES:
        server.register_namespace(_Live(namespace, app))
    app.mount(_PATH, socketio.ASGIApp(server, socketio_path=None))


class _Origins:
    """Decides from where a page may connect; what has no origin is no page."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed = allowed

    def __call__(self, origin: str | None, environ: object = None) -> bool:
        if origin is None or "*" in self._allowed or origin in self._allowed:
            return True
        return origin.startswith(_EXTENSIONS)


class _Live(socketio.AsyncNamespace):  # type: ignore[misc]
    """The events of one namespace."""

    def __init__(self, namespace: str, app: FastAPI) -> None:
        super().__init__(namespace)
        self._app = app

    async def on_connect(self, sid: str, environ: object = None, auth: object = None) -> None:
        """Let a client in."""
        # A client may send an event of this name; it brings no environment.
        if not isinstance(environ, dict) or "asgi.scope" not in environ:
            return
        services = self._services
        if services.readiness.draining:
            raise exceptions.ConnectionRefusedError("The server is shutting down")
        settings = services.settings
        closed = settings.access.api_keys and not settings.live.open
        if closed and not _has_key(settings, environ, auth):
            raise exceptions.ConnectionRefusedError("A valid API key is required")

    async def on_disconnect(self, sid: str, *_: object) -> None:
        """Free everything."""
        await self._services.live.stop(sid)

    async def on_start_stream(self, sid: str, said: object = None, *_: object) -> None:
        """Begin, or begin anew."""

        async def tell(result: LiveResult) -> None:
            await self._tell(sid, result)

        target = said.get("target_lang") if isinstance(said, dict) else None
        try:
            await self._services.live.start(sid, target, tell)
        except CuestreamError as error:
            await self._refuse(sid, error)

    async def on_audio_chunk(self, sid: str, sent: object = None, *_: object) -> None:
        """Take sound."""
        try:
            self._services.live.feed(sid, read_pcm(sent))
        except CuestreamError as error:
            await self._refuse(sid, error)

    async def on_stop_stream(self, sid: str, *_: object) -> None:
        """Tell what is left, then end."""
        self._services.live.finish(sid)

    @property
    def _services(self) -> Services:
        found: Services = self._app.state.services
        return found

    async def _refuse(self, sid: str, error: CuestreamError) -> None:
        self._services.metrics.error(error.code)
        await self._tell(sid, LiveResult("error", error=error.message))

    async def _tell(self, sid: str, result: LiveResult) -> None:
        await self.emit("live_result", _frame(result), to=sid)


def _frame(result: LiveResult) -> dict[str, object]:
    """Return a result as the wire has it; ``error`` is absent where there is none."""
    frame: dict[str, object] = {
        "text": result.text,
        "translatedText": result.translation,
        "language": result.language,
        "status": result.status,
    }
    if result.error is not None:
        frame["error"] = result.error
    return frame


def _has_key(settings: Settings, environ: Mapping[str, Any], auth: object) -> bool:
    """Whether a client brings one of the keys: in its handshake, or in a header."""
    given = (
        str(auth.get("token", "")) if isinstance(auth, dict) else "",
        str(environ.get("HTTP_X_API_KEY", "")),
        bearer_token(str(environ.get("HTTP_AUTHORIZATION", ""))),
    )
    return key_among(settings.access.api_keys, given) is not None
