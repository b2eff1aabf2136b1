"""Settings of live captions."""

from __future__ import annotations

from pydantic import Field

from app.settings.group import Group, config


class LiveSettings(Group):
    """Live captions over Socket.IO: sound comes in as it is spoken, captions go out."""

    enabled: bool = True
    """Whether there are live captions at all."""
    open: bool = True
    """Whether live captions want no key even where API_KEYS is set: the browser extension cannot
    send one. When false, a client sends it as `auth: {token}`, `X-API-Key` or a bearer token."""
    max_sessions: int = Field(16, ge=1)
    """Streams at a time on one worker; one more is told that every place is taken."""
    idle_s: float = Field(600.0, gt=0)
    """A stream that sent no sound for so long is ended."""
    max_lag_s: float = Field(20.0, ge=1)
    """Sound of one stream that may wait, in seconds; when the server cannot keep up, the oldest
    is skipped."""
    partial_ms: int = Field(1750, ge=0)
    """While somebody speaks, the words so far are sent again after so much more speech. 0 sends
    finished lines alone, for about a third of the work."""
    min_silence_ms: int = Field(450, ge=64)
    """Silence that ends a line."""
    window_ms: int = Field(4_000, ge=1000, le=30_000)
    """From this length on, a line ends at a shorter silence already."""
    max_window_ms: int = Field(7_000, ge=2000, le=30_000)
    """Longest line; one that knows no silence is cut at its quietest place."""

    model_config = config("LIVE_")
