"""Endpoint of a language model: address, key, model, vendor."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from app.domain.errors import EngineLoadError
from app.services.translation.llm.vendors import VENDORS, Vendor
from app.settings import Settings, VendorSettings

_PLAIN = re.compile(r"[!-~]+")
"""What can stand in an HTTP header without being quoted."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One model at one provider.

    Attributes:
        vendor: whose dialect it speaks.
        base_url: of its chat completions; empty if not configured.
        model: name at the provider; empty if not configured.
        key: None where none is sent.
        concurrency: requests at a time.
    """

    vendor: Vendor
    base_url: str
    model: str
    key: SecretStr | None
    concurrency: int

    @property
    def identity(self) -> str:
        """Hash of everything but the key."""
        parts = f"{self.vendor.name} {self.base_url} {self.model}"
        return hashlib.sha256(parts.encode()).hexdigest()[:12]


def main_endpoint(settings: Settings) -> Endpoint:
    """Return the primary endpoint: ``SERVER_*`` go before the vendor's own settings."""
    chosen = settings.translation
    own = _own_endpoint(settings, chosen.provider)
    url = chosen.server_api_url
    model = own.model if chosen.server_model is None else chosen.server_model
    return Endpoint(
        own.vendor,
        own.base_url if url is None else url,
        model.strip(),
        chosen.server_api_key or own.key,
        chosen.concurrency or own.concurrency,
    )


def fallback_endpoint(settings: Settings) -> Endpoint | None:
    """Return the endpoint for lines that the first model did not translate; None for none."""
    chosen = settings.translation
    if chosen.fallback_provider is None or chosen.fallback_provider == chosen.provider:
        if chosen.fallback_model is None:
            return None
        main = main_endpoint(settings)
        return Endpoint(
            main.vendor, main.base_url, chosen.fallback_model, main.key, main.concurrency
        )
    own = _own_endpoint(settings, chosen.fallback_provider)
    model = chosen.fallback_model or own.model
    return Endpoint(own.vendor, own.base_url, model, own.key, own.concurrency)


def endpoints_of(settings: Settings) -> list[Endpoint]:
    """Return all endpoints of this server, the primary one first."""
    if settings.translation.provider not in VENDORS:
        return []
    fallback = fallback_endpoint(settings)
    return [main_endpoint(settings), *([fallback] if fallback else [])]


def check_endpoint(endpoint: Endpoint, *, is_fallback: bool = False) -> None:
    """Check an endpoint without a request, since that may cost money.

    Args:
        endpoint: of this server.
        is_fallback: whether it is that of ``FALLBACK_PROVIDER``, which ``SERVER_*`` do not reach.

    Raises:
        EngineLoadError: key, address or model is missing or malformed; says what to set.
    """
    vendor = endpoint.vendor
    if not endpoint.base_url:
        advice = (
            "FALLBACK_PROVIDER needs one with an address" if is_fallback else "set SERVER_API_URL"
        )
        raise EngineLoadError(f"The {vendor.name} translator has no address: {advice}")
    if not _is_address(endpoint.base_url):
        setting = "OLLAMA_BASE_URL" if is_fallback else "SERVER_API_URL"
        raise EngineLoadError(
            f"The {vendor.name} translator's address is not an http or https address: "
            f"check {setting}"
        )
    keys = " or ".join(_key_variables(vendor, is_fallback=is_fallback))
    if endpoint.key is None and vendor.needs_key and endpoint.base_url == vendor.base_url:
        elsewhere = "" if is_fallback else ", or SERVER_API_URL for a server that needs none"
        raise EngineLoadError(f"The {vendor.name} translator has no key: set {keys}{elsewhere}")
    if endpoint.key is not None and not _PLAIN.fullmatch(endpoint.key.get_secret_value()):
        raise EngineLoadError(f"{keys} holds a blank or a character that no key has")
    if not endpoint.model:
        setting = "FALLBACK_MODEL" if is_fallback else "SERVER_MODEL"
        raise EngineLoadError(f"The {vendor.name} translator has no model: set {setting}")


def _key_variables(vendor: Vendor, *, is_fallback: bool) -> list[str]:
    """Return the variables that a vendor's key is read from."""
    own = f"{vendor.own}_api_key"
    variables = [] if is_fallback else ["SERVER_API_KEY"]
    return variables + ([own.upper()] if own in VendorSettings.model_fields else [])


def _own_endpoint(settings: Settings, name: str) -> Endpoint:
    """Return a vendor's endpoint by its own settings; a vendor without any has no model."""
    vendor, own = VENDORS[name], settings.vendors
    url = _with_version(own.ollama_base_url) if name == "ollama" else vendor.base_url
    return Endpoint(
        vendor,
        url,
        str(getattr(own, f"{vendor.own}_model")) if vendor.own == name else "",
        getattr(own, f"{vendor.own}_api_key", None),
        int(getattr(own, f"{vendor.own}_concurrent_requests")),
    )


def _with_version(url: str) -> str:
    """Ollama's address is often written without the path of its OpenAI-compatible routes."""
    return url if urlsplit(url).path.strip("/") else f"{url.rstrip('/')}/v1"


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
