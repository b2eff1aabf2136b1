"""Keys in paths: `/k/KEY/asr` is `/asr` with a key, for clients that can enter an address alone.

Source: Bazarr and the webhooks of media servers have a field for an address and none for a key.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from app.routers.access.sent_keys import add_sent_key

_PREFIX = "/k/"
_MAX_KEY_CHARS = 1000


class PathKey:
    """Takes a key out of the path ahead of everything that logs or routes it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under its path without the key."""
        if scope["type"] in ("http", "websocket"):
            # A key may hold a slash or a space, which is told from the path's own in the raw one.
            raw = scope.get("raw_path") or quote(scope["path"]).encode()
            start = "/" + raw.decode("latin-1").lstrip("/")
            key, slash, rest = start.removeprefix(_PREFIX).partition("/")
            if start.startswith(_PREFIX) and key:
                rest = f"/{rest}" if slash else "/"
                scope = {**scope, "path": unquote(rest), "raw_path": rest.encode("latin-1")}
                add_sent_key(scope, unquote(key)[:_MAX_KEY_CHARS])
        await self._app(scope, receive, send)
