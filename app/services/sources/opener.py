"""Opener of media from every kind of source."""

from __future__ import annotations

import wave
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, overload

import numpy as np

from app.domain.errors import CuestreamError, EngineLoadError
from app.domain.request import (
    ArrivingFile,
    LibraryFile,
    MediaUrl,
    NoMedia,
    SentCaptions,
    SiteVideo,
    Source,
    UploadedFile,
)
from app.domain.time import SAMPLE_RATE_HZ
from app.services.cache.caches import Caches, no_caches
from app.services.captions.select import CaptionPreference
from app.services.media.track_choice import ANY_TRACK, TrackWish
from app.services.net.fetch import Fetcher
from app.services.net.ssrf_guard import SsrfGuard
from app.services.sources.arriving_source import ArrivingOpener
from app.services.sources.captions_source import CaptionsOpener
from app.services.sources.library_source import LibraryOpener
from app.services.sources.no_media import NoMediaOpener
from app.services.sources.opened import Opened, OpenedMedia
from app.services.sources.recording import RecordingOpener
from app.services.sources.site_source import SiteOpener
from app.services.sources.source_cache import (
    NO_CACHED_INPUTS,
    CachedInputs,
    OpenRequest,
    SourceCache,
)
from app.services.sources.source_opener import SourceOpener, SourceServices
from app.services.sources.text_tracks import TextTracks
from app.services.sources.upload_source import UploadOpener
from app.services.sources.url_source import UrlOpener
from app.services.sources.ytdlp.playlist_info import FoundPlaylist, PlaylistWish
from app.services.sources.ytdlp.site_session import SiteSession
from app.services.sources.ytdlp.ytdlp_options import BEST_AUDIO
from app.services.uploads.arriving_files import ArrivingFiles
from app.settings import Settings
from app.system.workdir import WorkDir

SOURCE_OPENERS: Mapping[type[Source], Callable[[SourceServices], SourceOpener[Any]]] = {
    UploadedFile: UploadOpener,
    ArrivingFile: ArrivingOpener,
    LibraryFile: LibraryOpener,
    MediaUrl: UrlOpener,
    SiteVideo: SiteOpener,
    SentCaptions: CaptionsOpener,
    NoMedia: NoMediaOpener,
}
"""Registry with a row for each kind of source: from its type in the request to its opener."""


class MediaOpener:
    """Opens sources by the registry above.

    Args:
        settings: of the server; ``sources`` and ``jobs`` are used.
        workdir: where temporary files go.
        caches: results of earlier jobs; none unless given.

    Attributes:
        fetcher: downloads files over HTTP from checked addresses.
        arriving: uploads that jobs read while they arrive.
    """

    def __init__(self, settings: Settings, workdir: WorkDir, caches: Caches | None = None) -> None:
        sources = settings.sources
        guard = SsrfGuard(sources.allow_private_urls, sources.fetch_connect_s)
        recordings = RecordingOpener(settings.jobs.max_duration_s, workdir)
        caches = caches or no_caches(settings)
        texts = TextTracks(caches)
        cache = SourceCache(caches, recordings, texts, workdir)
        services = SourceServices(
            sources,
            guard,
            Fetcher(sources, guard),
            recordings,
            cache,
            texts,
            workdir,
            ArrivingFiles(),
            settings.libraries.roots,
        )
        self._workdir = workdir
        self.fetcher = services.fetcher
        self.arriving = services.arriving
        self._sites = SiteOpener(services)
        self._openers = {kind: opener(services) for kind, opener in SOURCE_OPENERS.items()}

    async def probe(self) -> None:
        """Decode 0.1 s of noise, ahead of any request.

        Raises:
            EngineLoadError: the decoder does not work; the message has advice.
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
        await self._openers[type(source)].check(source)

    def site(
        self, page_url: str, media_format: str = BEST_AUDIO
    ) -> AbstractAsyncContextManager[SiteSession]:
        """Extract a page's metadata once; its captions and media are fetched on demand.

        Args:
            page_url: the page.
            media_format: which of its media is wanted, as yt-dlp selects formats.

        Raises:
            UrlBlockedError: the page leads to an address that must not be reached.
            SourceError: the site gives no video; its subclasses say why.
            StorageError: the disk is full or not writable.
        """
        return self._sites.session(page_url, media_format)

    async def playlist(self, page_url: str, wish: PlaylistWish) -> FoundPlaylist:
        """List a site's playlist or channel; errors are those of ``site_playlist``."""
        return await self._sites.playlist(page_url, wish)

    @overload
    async def open(
        self, source: Source, preference: None = None, *, wish: TrackWish = ...
    ) -> OpenedMedia: ...

    @overload
    async def open(
        self,
        source: Source,
        preference: CaptionPreference,
        cached: CachedInputs = ...,
        *,
        wish: TrackWish = ...,
    ) -> Opened: ...

    async def open(
        self,
        source: Source,
        preference: CaptionPreference | None = None,
        cached: CachedInputs = NO_CACHED_INPUTS,
        *,
        wish: TrackWish = ANY_TRACK,
    ) -> Opened:
        """Open the cached transcript of a source, captions that serve, or the media itself.

        Args:
            source: an upload's file stays where it is when the media is closed.
            preference: None for the recording, whatever captions there are.
            cached: results of earlier jobs that may replace the recording.
            wish: which audio track is to be heard.

        Returns:
            A transcript of an earlier job, captions, or media with its first block decoded.
            The caller closes it.

        Raises:
            InvalidCaptionsError: the client's captions cannot be read.
            InvalidAudioTrackError: the recording has not got the audio track that is wished for.
            UnavailableOptionError: the client sent captions, and a recording is wanted.
            MediaError: the media cannot become subtitles.
            SourceError: it cannot be fetched.
            TranscriptionDisabledError: there are no captions, and this server does not
                transcribe.
            UrlBlockedError: it is at an address that must not be reached.
            PayloadTooLargeError: it has more bytes than the server accepts.
            StorageError: the disk is full or not writable.
        """
        async with AsyncExitStack() as resources:
            request = OpenRequest(preference, cached, resources, wish)
            opened = await self._openers[type(source)].open(source, request)
            if not isinstance(opened, OpenedMedia):
                return opened
            return replace(opened, resources=resources.pop_all())


def _write_noise(path: Path) -> None:
    noise = np.random.default_rng(0).integers(-3000, 3000, SAMPLE_RATE_HZ // 10, np.int16)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(noise.tobytes())
