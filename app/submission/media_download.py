"""Download of media for clients that want the file itself, from an address or a page."""

from __future__ import annotations

import asyncio
import re
import time
import weakref
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from app.container import Services
from app.domain.errors import FileNotStoredError, InvalidFieldError
from app.domain.media import NO_INFO, MediaInfo
from app.domain.request import SiteVideo
from app.services.batch.video_address import platform_of, source_of
from app.services.cache.source_metadata import SourceMetadata
from app.services.media.byte_stream import spool
from app.services.net.fetch import check_url
from app.services.net.transfer import HTML_TYPES
from app.system.fair_places import FairPlaces
from app.system.thread_groups import DISK
from app.system.workdir import second_name, storage_errors

BEST = "best"
_FORMAT = re.compile(r"[A-Za-z0-9_<>=?!\[\]/.,*^$:-]{1,200}")
"""Selectors of one file: no joining of two, no patterns."""

_MOST_DOWNLOADS, _MOST_OF_CALLER = 8, 4
_WAITING_MOST, _CALLER_SHARE = 64, 16
_REFUSAL = "Too many downloads are under way"
_TITLE_CHARS = 50
_PREFIXES = {
    "youtube": "YT",
    "tiktok": "TT",
    "instagram": "IG",
    "facebook": "FB",
    "twitter": "X",
    "vimeo": "VM",
    "dailymotion": "DM",
    "twitch": "TW",
}
_OTHER_PREFIX = "VIDEO"
_GAPS = re.compile(r"[\W_]{1,400}")
_downloads: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, FairPlaces] = (
    weakref.WeakKeyDictionary()
)


@dataclass(frozen=True, slots=True)
class Download:
    """A media file that was downloaded.

    Attributes:
        path: of the file.
        url: that it came from.
        info: what its page says.
        duration_ms: by its page; None when unknown.
        cached: whether an earlier job had downloaded it.
    """

    path: Path
    url: str
    info: MediaInfo
    duration_ms: int | None
    cached: bool

    @property
    def platform(self) -> str:
        """The site that it came from; the host where the site has no name."""
        return platform_of(self.url)

    def file_name(self, title: str | None = None, ending: str = "mp4") -> str:
        """Return the name for clients: prefix of the site, then the title with hyphens."""
        named = title or self.info.title or Path(unquote(urlsplit(self.url).path)).stem or "media"
        words = _GAPS.sub("-", named[: 4 * _TITLE_CHARS]).strip("-")[:_TITLE_CHARS].strip("-")
        prefix = _PREFIXES.get(self.platform, _OTHER_PREFIX)
        return f"{prefix}-{words or 'media'}.{ending}"


def checked_format(text: str) -> str:
    """Return the selector of a site's format.

    Raises:
        InvalidFieldError: it selects several files that would have to be joined, or none.
    """
    if not _FORMAT.fullmatch(text):
        raise InvalidFieldError("format: one file, as yt-dlp selects it, such as best[height<=720]")
    return text


async def download(
    services: Services, url: str, media_format: str, resources: AsyncExitStack
) -> Download:
    """Download a media file, or take it from the cache.

    Args:
        services: of the process.
        url: of the file, or of a page with a video.
        media_format: which of a site's files, as yt-dlp selects it.
        resources: remove the file at their end.

    Raises:
        UrlBlockedError: it must not be reached.
        SourceError: it cannot be fetched.
        PayloadTooLargeError: it is larger than the server accepts.
        OverloadedError: too many downloads are under way.
        StorageError: the disk is full.
    """
    url = url.strip()
    check_url(url)
    checked_format(media_format)
    source = source_of(url)
    plain = f"url:{url}"
    identity = f"video:{url} {media_format}" if isinstance(source, SiteVideo) else plain
    if (found := await _cached(services, url, identity, resources)) is not None:
        return found
    async with _places().place():
        path = services.workdir.new_file(".media")
        resources.callback(path.unlink, missing_ok=True)
        if not isinstance(source, SiteVideo):
            async with services.opener.fetcher.get(url) as body:
                if body.content_type not in HTML_TYPES:
                    await spool(body.chunks, path)
                    return Download(path, url, NO_INFO, None, cached=False)
        address = source.page_url if isinstance(source, SiteVideo) else url
        return await _from_page(services, (url, address, identity), media_format, path)


def _places() -> FairPlaces:
    """Return the places of this event loop: a source that drips may hold one for long."""
    return _downloads.setdefault(
        asyncio.get_running_loop(),
        FairPlaces(
            _MOST_DOWNLOADS,
            _WAITING_MOST,
            _CALLER_SHARE,
            caller_places=_MOST_OF_CALLER,
            refusal=_REFUSAL,
        ),
    )


async def _from_page(
    services: Services, names: tuple[str, str, str], media_format: str, path: Path
) -> Download:
    url, address, identity = names
    async with services.opener.site(address, media_format) as page:
        copy = services.caches.downloads.tee(page.audio().chunks, identity)
        await spool(copy.chunks, path)
        info, duration_ms = page.info, page.duration_ms
    metadata = SourceMetadata(copy.content, info, duration_ms, None, None, None, time.time())
    await services.caches.source_metadata.put(identity, metadata)
    return Download(path, url, info, duration_ms, cached=False)


async def _cached(
    services: Services, url: str, identity: str, resources: AsyncExitStack
) -> Download | None:
    file = await services.caches.downloads.get(identity)
    if file is None:
        return None
    resources.callback(file.close)
    found = await services.caches.source_metadata.get(identity)
    info, duration_ms = (NO_INFO, None) if found is None else (found.info, found.duration_ms)
    return Download(file.path, url, info, duration_ms, cached=True)


async def stored_copy(services: Services, link: str) -> Path:
    """Return a copy of a stored file that a link of this server leads to; its caller removes it.

    Args:
        services: of the process.
        link: as an answer of this server had it.

    Raises:
        FileNotStoredError: it is no such link, or the file was removed.
        LinkInvalidError, LinkExpiredError: its signature is wrong or too old.
        StorageError: the disk is full.
    """
    parts = urlsplit(link)
    name = parts.path.rpartition("/files/")[2]
    query = parse_qs(parts.query, max_num_fields=10)
    if not name or "/files/" not in parts.path:
        raise FileNotStoredError("Local file not found: send the link that this server gave")
    expires, signature = (query.get(key, [""])[0] for key in ("expires", "signature"))
    found = await services.files.folder.open(unquote(name), expires, signature)
    path = services.workdir.new_file(".media")
    try:
        with storage_errors():
            await DISK.run(second_name, found.path, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path
