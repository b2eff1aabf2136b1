"""List prices of servers with OpenAI's audio API."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from app.gpu.protocols import AudioPrice
from app.settings import AudioApiSettings

_PER_MINUTE_USD: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "api.openai.com": {
            "whisper-1": 0.006,
            "gpt-4o-transcribe": 0.006,
            "gpt-4o-mini-transcribe": 0.003,
        },
        "api.groq.com": {
            "whisper-large-v3": 0.111 / 60,
            "whisper-large-v3-turbo": 0.04 / 60,
        },
    }
)
"""US dollars for a minute of audio. Source: https://platform.openai.com/docs/pricing and
https://groq.com/pricing, list prices of 2025."""

_LEAST_BILLED_S = MappingProxyType({"api.groq.com": 10.0})
"""Source: https://console.groq.com/docs/speech-to-text"""


def price_of(settings: AudioApiSettings) -> AudioPrice:
    """Return the price of the configured model; as set, else by the lists, else unknown."""
    host = urlsplit(settings.base_url).hostname or ""
    per_minute = settings.price_per_minute_usd
    if per_minute is None:
        per_minute = _PER_MINUTE_USD.get(host, {}).get(settings.model)
    if per_minute is None and _is_own(host):
        per_minute = 0.0
    least = settings.least_billed_s
    if least is None:
        least = _LEAST_BILLED_S.get(host, 0.0)
    return AudioPrice(settings.model, None if per_minute is None else per_minute / 60, least)


def _is_own(host: str) -> bool:
    """Whether a host is this machine or in a private network; no name is looked up."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or "." not in host
