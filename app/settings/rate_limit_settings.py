"""Settings of rate limits."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from limits import RateLimitItem, parse_many
from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from app.settings.group import Group, config, listed, names

RateLimitGroup = Literal[
    "process", "transcribe", "translate", "subtitles", "tts_speak", "uploads", "feedback"
]
"""A group of routes with its own count. The field of the same name is its limit."""

TrustedProxies = int | tuple[IPv4Network | IPv6Network, ...]
"""The number of proxies ahead of the server, or their networks."""


def limits_in(text: str) -> list[RateLimitItem]:
    """Parse limits such as ``5/second; 60/minute``; none where the text is ``off``.

    Raises:
        ValueError: not a limit.
    """
    return [] if text.strip().lower() == "off" else parse_many(text)


class RateLimitSettings(Group):
    """Rate limits.

    Callers with one of API_KEYS are counted by their key, all others by their address (IPv6 by its
    first 64 bits). Each worker counts by itself and in memory: with GPUS above 1 a caller may send
    that many times more requests. Health checks, metrics and `/api/jobs` are never limited.
    """

    enabled: bool = Field(True, validation_alias=names("RATE_LIMITS_ENABLED"))
    """Whether requests are limited. One above a limit is answered 429 with `Retry-After`."""
    process: str = "30/minute"
    """Limit of `/api/process` and `/api/stream` together, such as `30/minute` or
    `2/second; 100/hour`; `off` for none."""
    transcribe: str = "10/minute"
    """The same for `/api/transcribe`."""
    translate: str = "60/minute"
    """The same for `/api/translate`."""
    subtitles: str = "60/minute"
    """The same for `/api/subtitles`."""
    tts_speak: str = "120/minute"
    """The same for `/api/tts/speak`: a player sends one request for each subtitle."""
    uploads: str = "600/minute"
    """The same for the parts of an upload."""
    feedback: str = "60/minute"
    """The same for sending feedback."""
    trusted_proxies: Annotated[TrustedProxies | None, NoDecode] = Field(
        None, validation_alias=names("TRUSTED_PROXIES")
    )
    """Proxies whose `X-Forwarded-For` is trusted, so that callers behind a proxy are counted by
    their own address: the number of proxies ahead of the server, or their networks
    (`10.0.0.0/8`), separated by commas. Unless set, 1 on a pod and behind a load balancer, else
    0. Too high a number lets callers choose their own address."""

    model_config = config("RATE_LIMIT_")

    @field_validator(
        "process", "transcribe", "translate", "subtitles", "tts_speak", "uploads", "feedback"
    )
    @classmethod
    def _readable(cls, value: str) -> str:
        try:
            limits_in(value)
        except ValueError:
            raise ValueError(f"{value!r} is not a limit such as 30/minute, nor off") from None
        return value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _count_or_networks(cls, value: object) -> object:
        if isinstance(value, str) and value.strip().isdecimal():
            return int(value)
        return listed(value)
