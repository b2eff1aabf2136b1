"""Client of a LibreTranslate server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import httpx

from app.domain.errors import (
    TranslationAuthError,
    TranslationError,
    TranslationQuotaError,
)
from app.services.translation.llm.provider_errors import PassingFailureError
from app.settings import TranslationSettings
from app.system.answer_limits import is_encoded
from app.system.kept_connections import answered
from app.system.retry_after import seconds_until

_CONNECT_S = 10.0
_MAX_BYTES = 2**20
"""A batch has at most 16 lines, and the list of a server with all languages 10 kB."""
_LIMIT_FACTOR = 2
"""The whole answer may take so many times as long as its next byte."""


class LibreTranslateError(PassingFailureError):
    """The server may answer the same request in a moment."""

    event = "translator failed"


class LibreTranslateClient:
    """HTTP client of the server's API.

    Source: https://docs.libretranslate.com/api: ``/translate`` takes a list under ``q`` and
    answers with one under ``translatedText``; ``/languages`` lists codes and their targets.
    """

    def __init__(self, settings: TranslationSettings) -> None:
        key = settings.libretranslate_api_key
        self._key = {"api_key": key.get_secret_value()} if key else {}
        self._client = httpx.AsyncClient(
            base_url=settings.libretranslate_url.rstrip("/"),
            timeout=httpx.Timeout(settings.timeout_s, connect=min(_CONNECT_S, settings.timeout_s)),
            headers={"Accept-Encoding": "identity"},
            trust_env=False,
        )
        self._limit_s = _LIMIT_FACTOR * settings.timeout_s

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def languages(self) -> Mapping[str, frozenset[str]]:
        """Return the targets of each source by their codes.

        Raises:
            TranslationError, PassingFailureError: the server gives no list.
        """
        listed = await self._request("GET", "/languages", None)
        if not isinstance(listed, list):
            raise TranslationError("LibreTranslate's list of languages cannot be read")
        found = (entry for entry in listed if isinstance(entry, dict) and "code" in entry)
        return {
            str(entry["code"]): frozenset(map(str, entry.get("targets", ()))) for entry in found
        }

    async def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """Return translations in the order of the texts.

        Raises:
            TranslationAuthError: the key was refused.
            TranslationError: another attempt will not help.
            PassingFailureError: another attempt may help.
        """
        body = {"q": list(texts), "source": source, "target": target, "format": "text", **self._key}
        answer = await self._request("POST", "/translate", body)
        found = answer.get("translatedText") if isinstance(answer, dict) else None
        if isinstance(found, str):
            found = [found]
        if not isinstance(found, list):
            raise TranslationError("LibreTranslate's answer cannot be read")
        return [text if isinstance(text, str) else "" for text in found]

    async def _request(self, method: str, path: str, body: object) -> object:
        try:
            async with (
                asyncio.timeout(self._limit_s),
                answered(lambda: self._client.stream(method, path, json=body)) as response,
            ):
                if response.is_success:
                    return json.loads(await _body(response))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
            raise LibreTranslateError("LibreTranslate cannot be reached") from None
        except (ValueError, RecursionError):
            raise LibreTranslateError("LibreTranslate's answer cannot be read") from None
        raise _refusal(response)


async def _body(response: httpx.Response) -> bytes:
    """Read a body, which is not decoded.

    Raises:
        TranslationError: it is encoded, or larger than answers are.
    """
    if is_encoded(response.headers.get("content-encoding")):
        raise TranslationError("LibreTranslate compresses what was not to be")
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > _MAX_BYTES:
            raise TranslationError("LibreTranslate's answer is larger than answers are")
    return bytes(body)


def _refusal(response: httpx.Response) -> Exception:
    """Return the error of a status without the server's message, which may quote the key."""
    status = response.status_code
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return TranslationAuthError("LibreTranslate refused the key")
    if status == HTTPStatus.PAYMENT_REQUIRED:
        return TranslationQuotaError("LibreTranslate's quota is used up")
    message = f"LibreTranslate answered with status {status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return LibreTranslateError(message, seconds_until(response.headers.get("retry-after", "")))
    return TranslationError(message)
