"""Opening media, wherever it comes from."""

from __future__ import annotations

import wave
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import overload

import numpy as np
import structlog

from app.domain.errors import (
    CuestreamError,
    EmptyMediaError,
    EngineLoadError,
    ForbiddenMediaError,
    SourceError,
    SourceUnsupportedError,
    TranscriptionDisabledError,
    TruncatedMediaError,
    UnavailableOptionError,
    UnreadableMediaError,
)
from app.domain.media import NO_INFO
from app.domain.request import MediaUrl, SentCaptions, SiteVideo, Source, UploadedFile
from app.domain.time import SAMPLE_RATE_HZ
from app.services.cache.caches import Caches, no_caches
from app.services.cache.source_metadata import SourceMetadata
from app.services.captions.select import CaptionPreference
from app.services.media.byte_stream import ByteStream
from app.services.net.fetch import Fetcher, check_address
from app.services.net.ssrf_guard import SsrfGuard
from app.services.net.transfer import PAGES
from app.services.sources.caption_source import check_hears, sent_captions, usable_captions
from app.services.sources.opened import Opened, OpenedMedia, OpenedTranscript
from app.services.sources.recording import RecordingOpener
from app.services.sources.source_cache import (
    NO_CACHED_INPUTS,
    CachedInputs,
    SourceCache,
    sighted,
    told_by_page,
)
from app.services.sources.ytdlp.site_session import SiteSession, site_session
from app.settings import Settings
from app.system.workdir import WorkDir

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
"""What may be wrong with an address that was sniffed from a page, and not with the page."""


class MediaOpener:
    """Opens media so that it decodes, or says why it cannot.

    Args:
        settings: of the server; ``sources`` and ``jobs`` are used.
        workdir: where temporary files go.
        caches: what earlier jobs have left; none unless given.
    """

    def __init__(self, settings: Settings, workdir: WorkDir, caches: Caches | None = None) -> None:
        self._settings = settings.sources
        self._recordings = RecordingOpener(settings.jobs.max_duration_s, workdir)
        self._workdir = workdir
        self._guard = SsrfGuard(
            settings.sources.allow_private_urls, settings.sources.fetch_connect_s
        )
        self._fetcher = Fetcher(settings.sources, self._guard)
        self._kept = SourceCache(caches or no_caches(settings), self._recordings)

    async def probe(self) -> None:
        """Decode a moment of noise, ahead of any request.

        Raises:
            EngineLoadError: the decoder does not work; says what to do.
        """
        path = self._workdir.new_file(".wav")
        try:
            _write_noise(path)
            media = await self.open(UploadedFile(path, sha256=""))
            await media.aclose()
        except CuestreamError as error:
            advice = "install ffmpeg 5.1 or newer, for instance Debian's package"
            raise EngineLoadError(f"ffmpeg cannot decode ({error.message}): {advice}") from error
        finally:
            path.unlink(missing_ok=True)

    async def check(self, source: Source) -> None:
        """Check a source's address, ahead of any work.

        Raises:
            UrlBlockedError: it must not be reached.
            SourceError: the name service did not answer.
        """
        match source:
            case MediaUrl(url, page_url):
                if page_url is not None:
                    self._guard.parse(page_url)
                await check_address(url, self._guard)
            case SiteVideo(page_url):
                self._guard.parse(page_url)

    def site(self, page_url: str) -> AbstractAsyncContextManager[SiteSession]:
        """Look at a page, without its audio unless that is asked for; one extraction.

        Raises:
            UrlBlockedError: the page leads to an address that must not be reached.
            SourceError: the site gives no video; its subclasses say why.
            StorageError: the disk is full or not writable.
        """
        return site_session(page_url, self._settings, self._guard, self._workdir)

    @overload
    async def open(self, source: Source, preference: None = None) -> OpenedMedia: ...

    @overload
    async def open(
        self, source: Source, preference: CaptionPreference, cached: CachedInputs = ...
    ) -> Opened: ...

    async def open(
        self,
        source: Source,
        preference: CaptionPreference | None = None,
        cached: CachedInputs = NO_CACHED_INPUTS,
    ) -> Opened:
        """Open what is known of a source, captions that serve the preference, or the media itself.

        Args:
            source: an upload's file stays where it is when the media is closed.
            preference: None for the recording, whatever captions there are.
            cached: results of earlier jobs that may replace the recording.

        Returns:
            A transcript of an earlier job, captions, or media whose first block is there
            already. The caller closes it.

        Raises:
            InvalidCaptionsError: the client's captions cannot be read.
            UnavailableOptionError: the client sent captions, and a recording is wanted.
            MediaError: the media cannot become subtitles.
            SourceError: it cannot be fetched.
            TranscriptionDisabledError: there are no captions, and nothing may be heard.
            UrlBlockedError: it is at an address that must not be reached.
            PayloadTooLargeError: it has more bytes than the server accepts.
            StorageError: the disk is full or not writable.
        """
        async with AsyncExitStack() as stack:
            opened = await self._open(source, preference, cached, stack)
            if not isinstance(opened, OpenedMedia):
                return opened
            return replace(opened, resources=stack.pop_all())

    async def _open(
        self,
        source: Source,
        preference: CaptionPreference | None,
        cached: CachedInputs,
        stack: AsyncExitStack,
    ) -> Opened:
        match source:
            case SentCaptions():
                if preference is None:
                    raise UnavailableOptionError("Captions hold no recording")
                return await sent_captions(source)
            case UploadedFile():
                check_hears(preference)
                return await self._open_upload(source, cached, stack)
            case MediaUrl(url, page_url):
                if page_url is None or page_url == url:
                    return await self._open_url(url, preference, cached, stack)
                return await self._open_either(url, page_url, preference, cached, stack)
            case SiteVideo(page_url):
                return await self._open_site(page_url, preference, cached, stack)

    async def _open_upload(
        self, upload: UploadedFile, cached: CachedInputs, stack: AsyncExitStack
    ) -> Opened:
        transcript = await cached.transcript(upload.sha256, NO_INFO)
        if transcript is not None:
            return OpenedTranscript(transcript)
        media = await self._recordings.file(upload.path, stack)
        return replace(media, content=lambda: upload.sha256)

    async def _open_either(
        self,
        url: str,
        page_url: str,
        preference: CaptionPreference | None,
        cached: CachedInputs,
        stack: AsyncExitStack,
    ) -> Opened:
        """Open what a page plays, or else what yt-dlp finds on the page."""
        try:
            async with AsyncExitStack() as first:
                opened = await self._open_url(url, preference, cached, first)
                stack.push_async_exit(first.pop_all())
                return opened
        except _PAGE_MAY_HELP as error:
            failure: CuestreamError = error
        log.info("the media's address fails, so its page is looked at", reason=failure.message)
        try:
            return await self._open_site(page_url, preference, cached, stack)
        except CuestreamError as error:
            vague = type(error) in (SourceError, SourceUnsupportedError)
            raise (failure if vague else error) from None

    async def _open_url(
        self,
        url: str,
        preference: CaptionPreference | None,
        cached: CachedInputs,
        stack: AsyncExitStack,
    ) -> Opened:
        identity = MediaUrl(url).identity
        async with AsyncExitStack() as connection:
            body = await connection.enter_async_context(self._fetcher.get(url))
            if body.content_type not in PAGES | _PLAYLISTS:
                now = sighted(body)
                known = await self._kept.recall(identity, preference, cached, stack, now)
                if known is not None:
                    return known
                stream = await ByteStream(body.chunks, body.length).looked_at()
                if not _is_playlist(stream.head):
                    check_hears(preference)
                    stack.push_async_exit(connection.pop_all())
                    return await self._passing(stream, identity, now, stack)
        return await self._open_site(url, preference, cached, stack)

    async def _open_site(
        self,
        page_url: str,
        preference: CaptionPreference | None,
        cached: CachedInputs,
        stack: AsyncExitStack,
    ) -> Opened:
        identity = SiteVideo(page_url).identity
        known = await self._kept.recall(identity, preference, cached, stack)
        if known is not None:
            return known
        session = await stack.enter_async_context(self.site(page_url))
        now = told_by_page(session)
        await self._kept.saw(identity, now)
        captions = None
        if preference is not None:
            captions = await usable_captions(session, preference, self._kept.keeper(identity))
        if captions is not None:
            return captions
        check_hears(preference)
        media = await self._passing(session.audio(), identity, now, stack)
        return replace(media, info=session.info)

    async def _passing(
        self, stream: ByteStream, identity: str, now: SourceMetadata, stack: AsyncExitStack
    ) -> OpenedMedia:
        passing = self._kept.passing(identity, now)
        media = await self._recordings.stream(replace(stream, through=passing.through), stack)
        return replace(media, content=lambda: passing.content)


def _write_noise(path: Path) -> None:
    noise = np.random.default_rng(0).integers(-3000, 3000, SAMPLE_RATE_HZ // 10, np.int16)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(noise.tobytes())


def _is_playlist(head: bytes) -> bool:
    """Return whether a body is an HLS or DASH playlist, whatever it calls itself."""
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith((b"#EXTM3U", b"<MPD")) or (
        start.startswith(b"<?xml") and b"<MPD" in start
    )
