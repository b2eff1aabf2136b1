"""What fake engines have in common."""

from __future__ import annotations


class FakeEngine:
    """Satisfies `app.gpu.protocols.Engine`."""

    name = "fake"
    device = "cpu"
    detail = ""
    cache_key = "fake 1"
    languages: tuple[str, ...] | None = None
    """Of a transcriber."""
    translates = False
    """Of a transcriber too."""
