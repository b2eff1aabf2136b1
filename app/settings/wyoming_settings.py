"""Settings of Wyoming, the protocol of Home Assistant."""

from __future__ import annotations

from pydantic import Field

from app.settings.group import Group, config


class WyomingSettings(Group):
    """A TCP listener for Home Assistant, whose protocol knows no keys and no TLS.

    Whoever reaches the port may have speech transcribed and texts spoken.
    """

    port: int | None = Field(None, ge=1, le=65_535)
    """Port of the listener, 10300 by custom. None unless set."""
    host: str = "127.0.0.1"
    """Address to listen on. Home Assistant on another machine needs 0.0.0.0, or better the address
    of the network that it is in; API_KEYS do not protect this port."""
    max_connections: int = Field(64, ge=1)
    """Connections at a time, of which one address gets half; further ones are closed at once."""
    concurrency: int = Field(16, ge=1)
    """Utterances that are heard at a time, of which one address gets half; further ones wait."""

    model_config = config("WYOMING_")
