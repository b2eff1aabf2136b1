"""Transfer of one HTTP body, with redirects followed, resumed where a connection breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

import httpx

from app.domain.errors import (
    PayloadTooLargeError,
    SourceEncodingError,
    SourceError,
    SourceGeoBlockedError,
    SourceLoginRequiredError,
    SourceRateLimitedError,
    SourceRemovedError,
    SourceTooSlowError,
)
from app.services.net.pace import TransferPace
from app.services.net.ssrf_guard import SsrfGuard
from app.settings import SourceSettings
from app.system.answer_limits import is_encoded

_STATUS_ERRORS: Mapping[int, type[SourceError]] = {
    401: SourceLoginRequiredError,
    402: SourceLoginRequiredError,
    404: SourceRemovedError,
    410: SourceRemovedError,
    429: SourceRateLimitedError,
    451: SourceGeoBlockedError,
}
"""Statuses with one meaning. 403 is not among them: it may be a bot check, an address that has
expired, a missing login or a region. Source: RFC 9110 section 15.5, RFC 6585, RFC 7725."""


def status_error(status: int, message: str) -> SourceError:
    """Return the error for a status other than success."""
    return _STATUS_ERRORS.get(status, SourceError)(message)


HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
"""Media types of web pages."""

_BLOCK_PAGE_STATUSES = frozenset({401, 403, 406, 429})
"""Statuses of pages that sites show to programs where a browser gets the real one."""

MAX_REDIRECTS = 5

_RESUME_TRIES = 4
"""Attempts to resume in a row that brought less than ``_PROGRESS_BYTES``."""
_PROGRESS_BYTES = 2**18
_RESUME_WAIT_S = 0.25
"""Wait ahead of the first attempt to resume; it doubles with each."""
_HEADERS = {
    "User-Agent": "Mozilla/5.0 (compatible; Cuestream)",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
}


class Transfer:
    """Transfer of one body over as many connections as needed.

    Nothing is decoded: a body that comes compressed, although it was not to be, is refused before
    its first byte, since a kilobyte of it may stand for gigabytes.

    Args:
        client: connects to checked addresses alone.
        guard: checks the addresses of redirects.
        settings: largest body, time limits.

    Attributes:
        length: of the body in bytes; None when unknown.
    """

    def __init__(
        self, client: httpx.AsyncClient, guard: SsrfGuard, settings: SourceSettings
    ) -> None:
        self._client = client
        self._guard = guard
        self._max_mb = settings.max_download_mb
        self._head_s = settings.fetch_connect_s + settings.fetch_read_s
        self._pace = TransferPace(settings)
        self._url = httpx.URL()
        self._validator: str | None = None
        self._received = 0
        self.length: int | None = None

    async def start(self, url: httpx.URL) -> httpx.Response:
        """Follow redirects to the body and return its open response."""
        for _ in range(MAX_REDIRECTS + 1):
            try:
                response = await self._request(url, {})
            except httpx.ConnectError as error:
                raise SourceError("The media's server cannot be reached") from error
            except httpx.RequestError as error:
                raise SourceError("The media's server did not answer") from error
            if not response.has_redirect_location:
                return await self._accept(url, response)
            await response.aclose()
            url = self._target(url, response.headers["location"])
        raise SourceError("The media's server redirects too often")

    async def chunks(self, first: httpx.Response) -> AsyncGenerator[bytes, None]:
        """Yield the body's bytes; resume over a new connection where one breaks."""
        response: httpx.Response | None = first
        tries, mark = 0, 0
        while True:
            try:
                async with aclosing(response or await self._resume()) as response:
                    if is_encoded(response.headers.get("content-encoding")):
                        raise SourceEncodingError(
                            "The media's server compresses what was asked for uncompressed"
                        )
                    raw = response.aiter_raw()
                    while chunk := await self._pace.wait(anext(raw, b"")):
                        self._count(chunk)
                        yield chunk
                return
            except httpx.RequestError as error:
                if self._received - mark >= _PROGRESS_BYTES:
                    tries, mark = 0, self._received
                tries += 1
                if tries > _RESUME_TRIES or self._validator is None:
                    raise SourceError("The download broke off") from error
            response = None
            await asyncio.sleep(_RESUME_WAIT_S * 2 ** (tries - 1))

    async def _accept(self, url: httpx.URL, response: httpx.Response) -> httpx.Response:
        block_page = (
            response.status_code in _BLOCK_PAGE_STATUSES and media_type(response) in HTML_TYPES
        )
        if not response.is_success and not block_page:
            await response.aclose()
            status = response.status_code
            raise status_error(status, f"The media's server answered {status}")
        self._url = url
        self.length = _number(response.headers.get("content-length"))
        self._validator = _validator(response)
        if self.length is not None and self.length > self._max_mb * 2**20:
            await response.aclose()
            raise PayloadTooLargeError(self._max_mb, "Download")
        return response

    async def _resume(self) -> httpx.Response:
        """Request the rest of the body, provided that it is still the same body."""
        wanted = {"Range": f"bytes={self._received}-", "If-Range": self._validator or ""}
        response = await self._request(self._url, wanted)
        begin, _, total = response.headers.get("content-range", "").partition("/")
        same = begin.startswith(f"bytes {self._received}-") and (
            self.length is None or _number(total) == self.length
        )
        if response.status_code == 206 and same and _validator(response) == self._validator:
            return response
        await response.aclose()
        raise SourceError("The download broke off and the media's server cannot resume it")

    async def _request(self, url: httpx.URL, headers: Mapping[str, str]) -> httpx.Response:
        self._client.cookies.clear()
        request = self._client.build_request("GET", url, headers={**_HEADERS, **headers})
        try:
            # The client's own limits begin anew with every byte of a header.
            async with asyncio.timeout(self._head_s):
                return await self._client.send(request, stream=True)
        except TimeoutError:
            raise SourceTooSlowError("The media's server did not answer in time") from None

    def _target(self, url: httpx.URL, location: str) -> httpx.URL:
        try:
            return self._guard.parse(str(url.join(location)))
        except httpx.InvalidURL:
            raise SourceError("The media's server redirects to nowhere") from None

    def _count(self, chunk: bytes) -> None:
        self._received += len(chunk)
        if self._received > self._max_mb * 2**20:
            raise PayloadTooLargeError(self._max_mb, "Download")


def media_type(response: httpx.Response) -> str:
    """Return the media type in lower case, without parameters."""
    return str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()


def _validator(response: httpx.Response) -> str | None:
    """Return the validator of a body's version: its strong entity tag, else its date.

    Source: RFC 9110 section 13.1.5.
    """
    etag: str = response.headers.get("etag", "")
    if etag and not etag.startswith("W/"):
        return etag
    modified: str | None = response.headers.get("last-modified")
    return modified


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None
