"""Translation at an endpoint of the caller, with the caller's key."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from app.domain.errors import InvalidFieldError
from app.services.net.ssrf_guard import SsrfGuard
from app.services.translation.llm.chat_translator import ChatTranslator
from app.services.translation.llm.endpoint import Endpoint
from app.services.translation.llm.guarded import GuardedTransport, check_api_url
from app.services.translation.llm.vendors import VENDORS
from app.settings import Settings

_MODEL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")
_KEY = re.compile(r"[!-~]{1,512}")

_CONCURRENCY = 4
"""Requests at a time with a caller's own key, whose limits are unknown."""


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A caller's key, model and address.

    Attributes:
        key: never logged or stored.
        model: name at the caller's provider.
        url: base address; OpenAI's unless given.
    """

    key: SecretStr
    model: str | None
    url: str | None


@asynccontextmanager
async def own_translator(own: OwnKey, settings: Settings) -> AsyncIterator[ChatTranslator]:
    """Check a caller's key, model and address; open a translator for the block.

    Raises:
        UrlBlockedError: the address must not be reached.
        InvalidFieldError: the model is missing, or it or the key is malformed.
    """
    sources = settings.sources
    guard = SsrfGuard(sources.allow_private_urls, sources.fetch_connect_s)
    vendor = VENDORS["openai_compatible"] if own.url else VENDORS["openai"]
    url = own.url or vendor.base_url
    if own.url:
        await check_api_url(url, guard)
    if not own.model:
        raise InvalidFieldError("model: Model is required with api_key")
    if not _MODEL_ID.fullmatch(own.model):
        raise InvalidFieldError("model: Invalid model ID")
    if not _KEY.fullmatch(own.key.get_secret_value()):
        raise InvalidFieldError("api_key: Invalid API key")
    endpoint = Endpoint(vendor, url, own.model, own.key, _CONCURRENCY)
    transport = GuardedTransport(guard)
    translator = ChatTranslator(settings, endpoints=[endpoint], transport=transport)
    try:
        yield translator
    finally:
        await translator.close()
