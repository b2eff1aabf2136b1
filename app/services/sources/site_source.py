"""Source of videos on pages of sites that yt-dlp knows."""

from __future__ import annotations

import time
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import structlog

from app.domain.errors import CuestreamError
from app.domain.request import SiteVideo
from app.services.cache.source_metadata import SourceMetadata
from app.services.captions.parse import parse_bounded
from app.services.captions.select import CaptionPreference, choose_track
from app.services.sources.opened import Opened, OpenedCaptions, OpenedTranscript
from app.services.sources.source_cache import OpenRequest
from app.services.sources.source_opener import SourceServices
from app.services.sources.ytdlp.playlist_info import FoundPlaylist, PlaylistWish
from app.services.sources.ytdlp.site_session import SiteSession, site_playlist, site_session
from app.services.sources.ytdlp.ytdlp_options import BEST_AUDIO

log = structlog.get_logger()


class SiteOpener:
    """Opens videos of sites, or captions of theirs that serve the request.

    Args:
        services: run yt-dlp, decode its audio and store both for later jobs.
    """

    def __init__(self, services: SourceServices) -> None:
        self._services = services

    async def check(self, source: SiteVideo) -> None:
        """Check the page's address without any request."""
        self._services.guard.parse(source.page_url)

    def session(
        self, page_url: str, media_format: str = BEST_AUDIO
    ) -> AbstractAsyncContextManager[SiteSession]:
        """Extract a page's metadata; its captions and media can be fetched within the block."""
        services = self._services
        return site_session(
            page_url, services.settings, services.guard, services.workdir, media_format
        )

    async def playlist(self, page_url: str, wish: PlaylistWish) -> FoundPlaylist:
        """List a playlist; errors are those of ``site_playlist``."""
        services = self._services
        return await site_playlist(
            page_url, wish, services.settings, services.guard, services.workdir
        )

    async def open(self, source: SiteVideo, request: OpenRequest) -> Opened:
        """Return a cached result, else captions that serve, else the video's audio."""
        cache, identity = self._services.cache, source.identity
        cached = await cache.find(identity, request)
        if cached is not None:
            return cached
        session = await request.resources.enter_async_context(self.session(source.page_url))
        metadata = _metadata_of(session)
        await cache.store_metadata(identity, metadata)
        captions = await self._captions(session, request.preference, identity)
        if captions is not None:
            return captions
        request.require_transcription()
        opened = await cache.open_stream(session.audio(), identity, metadata, request)
        return (
            opened if isinstance(opened, OpenedTranscript) else replace(opened, info=session.info)
        )

    async def _captions(
        self, session: SiteSession, preference: CaptionPreference | None, identity: str
    ) -> OpenedCaptions | None:
        """Return the best captions that can be fetched and parsed; perhaps none."""
        for choice in choose_track(session.tracks, preference) if preference is not None else ():
            track = choice.track
            try:
                name, data = await session.caption(track)
                language = choice.language(preference)
                captions = await parse_bounded(data, name, language, track.kind)
            except CuestreamError as error:
                log.warning("captions cannot be used", track=track.name, reason=error.message)
                continue
            await self._services.cache.store_captions(identity, track, name, data)
            info, duration_ms = session.info, session.duration_ms
            return OpenedCaptions(captions, choice.origin, info, duration_ms, name)
        return None


def _metadata_of(session: SiteSession) -> SourceMetadata:
    return SourceMetadata(
        content=None,
        info=session.info,
        duration_ms=session.duration_ms,
        etag=None,
        last_modified=None,
        length=None,
        seen_at=time.time(),
        tracks=session.tracks,
    )
