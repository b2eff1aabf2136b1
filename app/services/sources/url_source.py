"""Source of media or captions behind an http or https address."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import structlog

from app.domain.errors import (
    CuestreamError,
    EmptyMediaError,
    ForbiddenMediaError,
    InvalidCaptionsError,
    SourceError,
    SourceUnsupportedError,
    TranscriptionDisabledError,
    TruncatedMediaError,
    UnavailableOptionError,
    UnreadableMediaError,
)
from app.domain.media import NO_INFO
from app.domain.request import MediaUrl, SiteVideo
from app.services.cache.source_metadata import SourceMetadata
from app.services.captions.foreign_formats import foreign_format
from app.services.captions.parse import MAX_MB, SNIFF_LENGTH, is_caption_file, parse_bounded
from app.services.media.byte_stream import ByteStream
from app.services.net.fetch import Body, check_address
from app.services.net.transfer import HTML_TYPES
from app.services.sources.opened import Opened, OpenedCaptions
from app.services.sources.site_source import SiteOpener
from app.services.sources.source_cache import OpenRequest
from app.services.sources.source_opener import SourceServices

log = structlog.get_logger()

_PLAYLISTS = frozenset(
    {"application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl", "audio/x-mpegurl"}
    | {"application/dash+xml"}
)
"""HLS (RFC 8216 section 4) and DASH (ISO/IEC 23009-1 annex C)."""

_PAGE_MAY_HELP = (
    SourceError,
    EmptyMediaError,
    ForbiddenMediaError,
    TruncatedMediaError,
    UnreadableMediaError,
    TranscriptionDisabledError,
)
"""Errors of an address that was sniffed from a page, which the page itself need not have."""


class UrlOpener:
    """Opens media and caption files by address; web pages and playlists are left to yt-dlp.

    Args:
        services: fetch, decode and store the media.
    """

    def __init__(self, services: SourceServices) -> None:
        self._services = services
        self._sites = SiteOpener(services)

    async def check(self, source: MediaUrl) -> None:
        """Check the address with all that its host resolves to, and the page's without a request.

        Raises:
            UrlBlockedError: it must not be reached.
            SourceError: the name service did not answer.
        """
        if source.page_url is not None:
            self._services.guard.parse(source.page_url)
        await check_address(source.url, self._services.guard)

    async def open(self, source: MediaUrl, request: OpenRequest) -> Opened:
        """Open the address, or else the video that yt-dlp finds on the page that plays it."""
        if source.page_url is None or source.page_url == source.url:
            return await self._open_url(source.url, request)
        try:
            async with AsyncExitStack() as resources:
                opened = await self._open_url(source.url, replace(request, resources=resources))
                request.resources.push_async_exit(resources.pop_all())
                return opened
        except _PAGE_MAY_HELP as error:
            failure: CuestreamError = error
        log.info("the media's address fails, so its page is looked at", reason=failure.message)
        try:
            return await self._sites.open(SiteVideo(source.page_url), request)
        except CuestreamError as error:
            vague = type(error) in (SourceError, SourceUnsupportedError)
            raise (failure if vague else error) from None

    async def _open_url(self, url: str, request: OpenRequest) -> Opened:
        cache, identity = self._services.cache, MediaUrl(url).identity
        async with AsyncExitStack() as connection:
            body = await connection.enter_async_context(self._services.fetcher.get(url))
            if body.content_type not in HTML_TYPES | _PLAYLISTS:
                metadata = _metadata_of(body)
                cached = await cache.find(identity, request, metadata)
                if cached is not None:
                    return cached
                stream = await ByteStream(body.chunks, body.length).peek()
                if is_caption_file(_file_name(url), stream.head, body.content_type):
                    return await _opened_captions(stream, _file_name(url), request)
                if not _is_playlist(stream.head):
                    request.resources.push_async_exit(connection.pop_all())
                    return await cache.open_stream(stream, identity, metadata, request)
        return await self._sites.open(SiteVideo(url), request)


async def _opened_captions(stream: ByteStream, name: str, request: OpenRequest) -> OpenedCaptions:
    """Return the captions behind an address.

    Raises:
        UnavailableOptionError: a recording is wanted.
        InvalidCaptionsError: they cannot be read, or are too large.
    """
    preference = request.preference
    if preference is None:
        raise UnavailableOptionError("Captions hold no recording")
    data = bytearray()
    async with aclosing(stream.all_bytes()) as chunks:
        async for chunk in chunks:
            data += chunk
            if len(data) > MAX_MB * 2**20:
                raise InvalidCaptionsError(f"A caption file may have {MAX_MB} MiB at most")
    if foreign := foreign_format(name, bytes(data[:SNIFF_LENGTH])):
        raise InvalidCaptionsError(f"Captions in this format are not read: {foreign}")
    language = preference.spoken.tag if preference.spoken else "und"
    captions = await parse_bounded(bytes(data), _ending(name), language, "manual")
    return OpenedCaptions(captions, "client_captions")


def _file_name(url: str) -> str:
    return PurePosixPath(unquote(urlsplit(url).path)).name


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix.removeprefix(".")


def _metadata_of(body: Body) -> SourceMetadata:
    """Return the metadata in the headers of a response."""
    return SourceMetadata(
        content=None,
        info=NO_INFO,
        duration_ms=None,
        etag=body.etag,
        last_modified=body.last_modified,
        length=body.length,
        seen_at=time.time(),
    )


def _is_playlist(head: bytes) -> bool:
    """Return whether a body is an HLS or DASH playlist, regardless of its media type."""
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith((b"#EXTM3U", b"<MPD")) or (
        start.startswith(b"<?xml") and b"<MPD" in start
    )
