"""What a source was when an earlier job opened it, and keeping what it turns out to be now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from typing import Protocol

from app.domain.captions import CaptionTrack
from app.domain.errors import CuestreamError
from app.domain.media import NO_INFO, MediaInfo
from app.services.cache.caches import Caches
from app.services.cache.keys import stage_key
from app.services.cache.lifetimes import CAPTIONS
from app.services.cache.source_metadata import SourceMetadata
from app.services.cache.transcripts import Transcript
from app.services.captions.parse import parse_captions
from app.services.captions.select import CaptionPreference, Choice, choose_track
from app.services.net.fetch import Body
from app.services.sources.caption_source import Keep, check_hears
from app.services.sources.opened import Opened, OpenedCaptions, OpenedMedia, OpenedTranscript
from app.services.sources.recording import RecordingOpener
from app.services.sources.ytdlp.site_session import SiteSession


class CachedInputs(Protocol):
    """Results of earlier jobs that may replace the recording of a new one."""

    @property
    def downloads(self) -> bool:
        """Whether files that earlier jobs fetched may be used."""
        ...

    async def transcript(self, content_sha256: str, info: MediaInfo) -> Transcript | None:
        """Return the cached transcript of a recording.

        Args:
            content_sha256: SHA-256 of the recording's bytes, hexadecimal.
            info: what its page says, which decides on the prompt of the transcription.
        """
        ...


class _NoCachedInputs:
    """Nothing of earlier jobs may be used."""

    downloads = False

    async def transcript(self, content_sha256: str, info: MediaInfo) -> Transcript | None:
        return None


NO_CACHED_INPUTS: CachedInputs = _NoCachedInputs()


def sighted(body: Body) -> SourceMetadata:
    """Return what a server says of a body ahead of its bytes."""
    return SourceMetadata(
        content=None,
        info=NO_INFO,
        duration_ms=None,
        etag=body.etag,
        last_modified=body.last_modified,
        length=body.length,
        seen_at=time.time(),
    )


def told_by_page(session: SiteSession) -> SourceMetadata:
    """Return what a page says of its video."""
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


class SourceCache:
    """Downloads and captions of earlier jobs.

    Args:
        caches: where they are.
        recordings: opens a file again.
    """

    def __init__(self, caches: Caches, recordings: RecordingOpener) -> None:
        self._caches = caches
        self._recordings = recordings

    async def recall(
        self,
        identity: str,
        preference: CaptionPreference | None,
        cached: CachedInputs,
        stack: AsyncExitStack,
        now: SourceMetadata | None = None,
    ) -> Opened | None:
        """Return what is left of a source that was opened a while ago.

        Args:
            identity: of the source.
            preference: which captions would serve; None for the recording.
            cached: results of earlier jobs.
            stack: takes what must be let go when the media is closed.
            now: what its server says of it now; None for a page, which is believed to show what
                it showed within CACHE_AUDIO_TTL_HOURS.

        Raises:
            TranscriptionDisabledError: there are no captions, and nothing may be heard.
        """
        if not cached.downloads:
            return None
        sighting = await self._caches.sightings.find(identity)
        if sighting is None or (now is not None and not _unchanged(sighting, now)):
            return None
        choices = choose_track(sighting.tracks, preference) if preference is not None else []
        if choices:
            return await self._caption_file(identity, choices[0], sighting)
        if sighting.content is None:
            return None
        check_hears(preference)
        transcript = await cached.transcript(sighting.content, sighting.info)
        if transcript is not None:
            return OpenedTranscript(transcript, sighting.info)
        return await self._download(identity, sighting, stack)

    async def saw(self, identity: str, sighting: SourceMetadata) -> None:
        """Keep what is known of a source before its bytes came."""
        await self._caches.sightings.keep(identity, sighting)

    def keeper(self, identity: str) -> Keep:
        """Return what keeps caption files of a source."""

        async def keep(track: CaptionTrack, name: str, data: bytes) -> None:
            payload = name.encode() + b"\n" + data
            await self._caches.store.put(CAPTIONS, _caption_key(identity, track), payload)

        return keep

    def passing(self, identity: str, sighting: SourceMetadata) -> CachingDownload:
        """Return what a download passes to be kept."""
        return CachingDownload(self._caches, identity, sighting)

    async def _caption_file(
        self, identity: str, choice: Choice, sighting: SourceMetadata
    ) -> OpenedCaptions | None:
        track = choice.track
        payload = await self._caches.store.get(CAPTIONS, _caption_key(identity, track))
        if payload is None:
            return None
        name, _, data = payload.partition(b"\n")
        try:
            captions = await asyncio.to_thread(
                parse_captions, data, name.decode(), track.language, track.kind
            )
        except CuestreamError:
            return None  # the site may have mended it since
        return OpenedCaptions(captions, choice.origin, sighting.info, sighting.duration_ms)

    async def _download(
        self, identity: str, sighting: SourceMetadata, stack: AsyncExitStack
    ) -> OpenedMedia | None:
        held = await self._caches.media.find(identity)
        if held is None:
            return None
        stack.callback(held.close)
        media = await self._recordings.file(held.path, stack)
        return replace(media, info=sighting.info, content=lambda: held.content)


class CachingDownload:
    """A download on its way into the cache.

    Attributes:
        content: hash of its bytes; None until all of them have passed.
    """

    def __init__(self, caches: Caches, identity: str, sighting: SourceMetadata) -> None:
        self._caches = caches
        self._identity = identity
        self._sighting = sighting
        self.content: str | None = None

    async def through(self, chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """Yield the same bytes; once they are all there, remember what they were."""
        tee = self._caches.media.tee(chunks, self._identity)
        async with aclosing(tee.chunks) as passed:
            async for chunk in passed:
                yield chunk
        self.content = tee.content
        sighting = replace(self._sighting, content=tee.content, seen_at=time.time())
        await self._caches.sightings.keep(self._identity, sighting)


def _unchanged(then: SourceMetadata, now: SourceMetadata) -> bool:
    """Whether a server says that a body is still the same: by its tag, else by date and length."""
    if then.etag is not None and now.etag is not None:
        return then.etag == now.etag
    same_date = then.last_modified is not None and then.last_modified == now.last_modified
    return same_date and then.length is not None and then.length == now.length


def _caption_key(identity: str, track: CaptionTrack) -> str:
    return stage_key(identity, track.kind, track.name)
