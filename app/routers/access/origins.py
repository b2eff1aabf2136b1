"""Origins of pages that may open a WebSocket, which no browser asks about in advance."""

from __future__ import annotations

from collections.abc import Sequence

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
        """Return whether pages of an origin may connect."""
        if origin is None or "*" in self._allowed or origin in self._allowed:
            return True
        return origin.startswith(_EXTENSIONS)
