"""Live captions over Socket.IO, version 4 of its protocol, namespace ``/live``.

A client sends ``start_stream {target_lang, task}`` whenever it has connected, then ``audio_chunk``
with 16-bit mono PCM at 16 kHz, and perhaps ``stop_stream``; the server sends ``live_result`` alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import socketio
from fastapi import FastAPI
from socketio import exceptions
from starlette.requests import HTTPConnection

from app.container import Services
from app.domain.errors import CuestreamError
from app.routers.access.api_keys import bearer_token, find_key
from app.routers.access.callers import caller_name
from app.routers.bounded_socketio import BoundedSocketServer
from app.services.live.audio_queue import read_pcm
from app.services.live.live_result import LiveResult
from app.settings import Settings

_PATH = "/socket.io"
_NAMESPACES = ("/live", "//live")
"""A client whose base address ends with a slash connects to the second one."""

_EXTENSIONS = ("chrome-extension://", "moz-extension://", "safari-web-extension://")
"""Schemes of the origins of browser extensions: their ids are no secret and differ by store, so
listing them would protect nothing."""

_MAX_MESSAGE_BYTES = 2**19


def mount_live(app: FastAPI, settings: Settings) -> None:
    """Serve live captions beside the routes."""
    if not settings.live.enabled:
        return
    server = BoundedSocketServer(
        _NAMESPACES,
        settings.live.max_sessions,
        async_mode="asgi",
        transports=["websocket"],
        cors_allowed_origins=_AllowedOrigins(settings.server.cors_origins),
        max_http_buffer_size=_MAX_MESSAGE_BYTES,
        # One event after the other: audio must stay in order.
        async_handlers=False,
    )
    for namespace in _NAMESPACES:
        server.register_namespace(_LiveNamespace(namespace, app))
    app.mount(_PATH, socketio.ASGIApp(server, socketio_path=None))


class _AllowedOrigins:
    """Decides which origins may connect; a client without an origin is no page."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed = allowed

    def __call__(self, origin: str | None, environ: object = None) -> bool:
        if origin is None or "*" in self._allowed or origin in self._allowed:
            return True
        if isinstance(environ, Mapping) and _is_own_page(origin, environ):
            return True
        return origin.startswith(_EXTENSIONS)


def _is_own_page(origin: str, environ: Mapping[str, Any]) -> bool:
    """Whether a browser names the origin that it has the server's own page from."""
    scheme, _, host = origin.partition("://")
    return scheme in {"http", "https"} and host == environ.get("HTTP_HOST", "")


_Handler = Callable[..., Coroutine[Any, Any, None]]


def _answers_errors(handle: _Handler) -> _Handler:
    """Wrap an event's handler: an error becomes a ``live_result`` of its client."""

    @functools.wraps(handle)
    async def answering(self: _LiveNamespace, sid: str, *arguments: object) -> None:
        try:
            await handle(self, sid, *arguments)
        except CuestreamError as error:
            await self.send_error(sid, error)

    return answering


class _LiveNamespace(socketio.AsyncNamespace):  # type: ignore[misc]
    """The events of one namespace."""

    def __init__(self, namespace: str, app: FastAPI) -> None:
        super().__init__(namespace)
        self._app = app

    async def on_connect(self, sid: str, environ: object = None, auth: object = None) -> None:
        """Accept a client that may connect."""
        # A client may send an event of this name; it brings no environment.
        if not isinstance(environ, dict) or "asgi.scope" not in environ:
            return
        services = self._services
        if services.readiness.draining:
            raise exceptions.ConnectionRefusedError("The server is shutting down")
        settings = services.settings
        needs_key = settings.access.api_keys and not settings.live.open
        if needs_key and not _has_key(settings, environ, auth):
            raise exceptions.ConnectionRefusedError("A valid API key is required")

    async def on_disconnect(self, sid: str, *_: object) -> None:
        """Stop the client's session."""
        await self._services.live_sessions.stop(sid)

    @_answers_errors
    async def on_start_stream(self, sid: str, options: object = None, *_: object) -> None:
        """Start the client's session, or start it anew."""

        async def send(result: LiveResult) -> None:
            await self.send_result(sid, result)

        sent = options if isinstance(options, dict) else {}
        sessions = self._services.live_sessions
        scope = self.server.get_environ(sid, self.namespace)["asgi.scope"]
        caller = caller_name(HTTPConnection(scope))
        await sessions.start(sid, sent.get("target_lang"), send, sent.get("task"), caller)

    @_answers_errors
    async def on_audio_chunk(self, sid: str, chunk: object = None, *_: object) -> None:
        """Feed audio to the client's session."""
        self._services.live_sessions.feed(sid, read_pcm(chunk))

    async def on_stop_stream(self, sid: str, *_: object) -> None:
        """End the client's session once its last results are sent."""
        self._services.live_sessions.finish(sid)

    @property
    def _services(self) -> Services:
        found: Services = self._app.state.services
        return found

    async def send_error(self, sid: str, error: CuestreamError) -> None:
        """Send an error to a client."""
        self._services.metrics.error(error.code)
        await self.send_result(sid, LiveResult("error", error=error.message))

    async def send_result(self, sid: str, result: LiveResult) -> None:
        """Send a result to a client."""
        await self.emit("live_result", _payload(result), to=sid)


def _payload(result: LiveResult) -> dict[str, object]:
    """Return a result as the wire has it; ``error`` is absent where there is none."""
    payload: dict[str, object] = {
        "text": result.text,
        "translatedText": result.translation,
        "language": result.language,
        "status": result.status,
    }
    if result.error is not None:
        payload["error"] = result.error
    return payload


def _has_key(settings: Settings, environ: Mapping[str, Any], auth: object) -> bool:
    """Whether a client sends one of the keys, in its handshake or in a header."""
    candidates = (
        str(auth.get("token", "")) if isinstance(auth, dict) else "",
        str(environ.get("HTTP_X_API_KEY", "")),
        bearer_token(str(environ.get("HTTP_AUTHORIZATION", ""))),
    )
    return find_key(settings.access.api_keys, candidates) is not None
