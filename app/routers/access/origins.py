"""Origins of pages that may open a WebSocket, which no browser asks about in advance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_EXTENSIONS = ("chrome-extension://", "moz-extension://", "safari-web-extension://")
"""Schemes of the origins of browser extensions: their ids are no secret and differ by store, so
listing them would protect nothing."""


class AllowedOrigins:
    """Decides which origins may connect; a client without an origin is no page.

    Args:
        allowed: origins, or ``*`` for all.
    """

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed = allowed

    def __call__(self, origin: str | None, environ: object = None) -> bool:
        """Return whether pages of an origin may connect.

        Args:
            origin: that the browser names; None where no browser asks.
            environ: of the handshake, as WSGI has it, where the server's own page may connect.
        """
        if origin is None or "*" in self._allowed or origin in self._allowed:
            return True
        if isinstance(environ, Mapping) and _is_own_page(origin, environ):
            return True
        return origin.startswith(_EXTENSIONS)


def _is_own_page(origin: str, environ: Mapping[str, Any]) -> bool:
    """Whether a browser names the origin that it has the server's own page from."""
    scheme, _, host = origin.partition("://")
    return scheme in {"http", "https"} and host == environ.get("HTTP_HOST", "")
