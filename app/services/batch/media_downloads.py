"""Downloads of whole media files, from an address or a page with a video."""

from __future__ import annotations

import asyncio
import re
import time
import weakref
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from app.domain.errors import InvalidFieldError
from app.domain.media import NO_INFO, MediaInfo
from app.domain.request import MediaUrl, SiteVideo
from app.services.batch.video_address import platform_of, source_of, video_identity
from app.services.cache.caches import Caches
from app.services.cache.source_metadata import SourceMetadata
from app.services.media.byte_stream import spool
from app.services.net.fetch import check_url
from app.services.net.transfer import HTML_TYPES
from app.services.sources.opener import MediaOpener
from app.system.fair_places import FairPlaces
from app.system.workdir import WorkDir

BEST = "best"
BEST_VIDEO = "best[height<=1080]/best"
"""One file with picture and sound. Source: what clients of the screenshot queue know."""

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


@dataclass(frozen=True, slots=True)
class MediaDownloads:
    """Downloads media files, or takes them from the cache.

    Attributes:
        opener: of addresses and pages.
        caches: results of earlier jobs.
        workdir: where a file lies meanwhile.
    """

    opener: MediaOpener
    caches: Caches
    workdir: WorkDir

    async def get(self, url: str, media_format: str, resources: AsyncExitStack) -> Download:
        """Download a media file, or take it from the cache.

        Args:
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
        if (found := await self._cached(url, media_format, resources)) is not None:
            return found
        async with _places().place():
            path = self.workdir.new_file(".media")
            resources.callback(path.unlink, missing_ok=True)
            if not isinstance(source, SiteVideo):
                async with self.opener.fetcher.get(url) as body:
                    if body.content_type not in HTML_TYPES:
                        await spool(body.chunks, path)
                        return Download(path, url, NO_INFO, None, cached=False)
            page = source.page_url if isinstance(source, SiteVideo) else url
            return await self._from_page(url, page, media_format, path)

    async def _from_page(self, url: str, page: str, media_format: str, path: Path) -> Download:
        identity = video_identity(url, media_format)
        async with self.opener.site(page, media_format) as session:
            copy = self.caches.downloads.tee(session.audio().chunks, identity)
            await spool(copy.chunks, path)
            info, duration_ms = session.info, session.duration_ms
        metadata = SourceMetadata(copy.content, info, duration_ms, None, None, None, time.time())
        await self.caches.source_metadata.put(identity, metadata)
        return Download(path, url, info, duration_ms, cached=False)

    async def _cached(
        self, url: str, media_format: str, resources: AsyncExitStack
    ) -> Download | None:
        """Return what an earlier job downloaded: a page's video, else the file of an address."""
        for identity in (video_identity(url, media_format), MediaUrl(url).identity):
            found = await self.caches.source_metadata.get(identity)
            if identity == MediaUrl(url).identity and not _is_file(found):
                continue
            file = await self.caches.downloads.get(identity)
            if file is not None:
                resources.callback(file.close)
                info, length_ms = (found.info, found.duration_ms) if found else (NO_INFO, None)
                return Download(file.path, url, info, length_ms, cached=True)
        return None


def _is_file(found: SourceMetadata | None) -> bool:
    """Whether an address led to a file, and not to a page, of which the sound alone is cached."""
    return found is not None and bool(found.etag or found.last_modified)


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
