"""Cache of the sources that earlier jobs opened."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from typing import Protocol

from app.domain.captions import CaptionTrack
from app.domain.errors import CuestreamError, TranscriptionDisabledError
from app.domain.media import MediaInfo
from app.services.cache.caches import Caches
from app.services.cache.keys import stage_key
from app.services.cache.lifetimes import CAPTIONS
from app.services.cache.source_metadata import SourceMetadata
from app.services.cache.transcript_cache import Transcript
from app.services.captions.parse import parse_bounded
from app.services.captions.select import CaptionPreference, TrackChoice, choose_track
from app.services.media.byte_stream import ByteStream, spool
from app.services.media.mp4_index import StreamLayout
from app.services.media.subtitle_probe import FileTracks
from app.services.media.track_choice import ANY_TRACK, TrackWish
from app.services.sources.opened import Opened, OpenedCaptions, OpenedTranscript
from app.services.sources.recording import RecordingOpener
from app.services.sources.text_track_choice import TextPlan, plan_text
from app.services.sources.text_tracks import TextTracks
from app.services.sources.track_selection import tracks_in_stream
from app.system.workdir import WorkDir


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
            info: metadata by its page, from which the prompt of the transcription is made.
        """
        ...


class _NoCachedInputs:
    """Nothing of earlier jobs may be used."""

    downloads = False

    async def transcript(self, content_sha256: str, info: MediaInfo) -> Transcript | None:
        return None


NO_CACHED_INPUTS: CachedInputs = _NoCachedInputs()


@dataclass(frozen=True, slots=True, eq=False)
class OpenRequest:
    """Request to open one source.

    Attributes:
        preference: which captions may replace the recording; None for the recording alone.
        cached: results of earlier jobs that may replace it.
        resources: released when the media is closed.
        wish: which audio track is to be heard.
    """

    preference: CaptionPreference | None
    cached: CachedInputs
    resources: AsyncExitStack
    wish: TrackWish = ANY_TRACK

    def require_transcription(self) -> None:
        """Check that a recording may be transcribed.

        Raises:
            TranscriptionDisabledError: this server has captions alone, and none serve.
        """
        if self.preference is not None and not self.preference.can_transcribe:
            raise TranscriptionDisabledError(
                "This server does not transcribe, and there are no captions that serve"
            )


class SourceCache:
    """Downloads, captions and metadata of sources that earlier jobs opened.

    Args:
        caches: the stores behind it.
        recordings: decodes cached files.
        texts: reads text tracks of cached files.
        workdir: where media is stored whose text tracks are read.
    """

    def __init__(
        self, caches: Caches, recordings: RecordingOpener, texts: TextTracks, workdir: WorkDir
    ) -> None:
        self._caches = caches
        self._recordings = recordings
        self._texts = texts
        self._workdir = workdir

    async def find(
        self, identity: str, request: OpenRequest, now: SourceMetadata | None = None
    ) -> Opened | None:
        """Open a source from the cache: its captions, transcript or media; None if it has none.

        Args:
            identity: of the source.
            request: which captions and cached results may replace the recording.
            now: present metadata by the source's server; None for a page, whose content counts
                as unchanged within CACHE_AUDIO_TTL_HOURS.

        Raises:
            TranscriptionDisabledError: there are no captions, and this server does not
                transcribe.
        """
        if not request.cached.downloads:
            return None
        found = await self._caches.source_metadata.get(identity)
        if found is None or (now is not None and not _unchanged(found, now)):
            return None
        preference = request.preference
        choices = choose_track(found.tracks, preference) if preference is not None else []
        if choices:
            language = choices[0].language(preference)
            return await self._cached_captions(identity, choices[0], language, found)
        if found.content is None:
            return None
        texts = await self._texts.of_content(found.content, preference, request.wish, found.info)
        if texts is not None and texts.captions is not None:
            return texts.captions
        transcript = await request.cached.transcript(found.content, found.info)
        if transcript is not None:
            return OpenedTranscript(transcript, found.info)
        return await self._cached_media(identity, found, request)

    async def store_metadata(self, identity: str, metadata: SourceMetadata) -> None:
        """Store a source's metadata, before its media is downloaded."""
        await self._caches.source_metadata.put(identity, metadata)

    async def store_captions(
        self, identity: str, track: CaptionTrack, name: str, data: bytes
    ) -> None:
        """Store the file of a caption track.

        Args:
            identity: of the source.
            track: of the source.
            name: of the file's format.
            data: the file.
        """
        payload = name.encode() + b"\n" + data
        await self._caches.store.put(CAPTIONS, _caption_key(identity, track), payload)

    async def open_stream(
        self, stream: ByteStream, identity: str, metadata: SourceMetadata, request: OpenRequest
    ) -> Opened:
        """Open a stream while its bytes are copied into the cache.

        It is decoded as it arrives, unless it holds text that may replace its sound: that is read
        once all of it is there.

        Args:
            stream: the media.
            identity: of its source.
            metadata: of the source.
            request: which captions may replace the recording, and which audio track is wanted.

        Raises:
            TranscriptionDisabledError: it has no text that serves, and this server does not
                transcribe.
        """
        download = CachingDownload(self._caches, self._texts, identity, metadata)
        stream = replace(stream, tee=download.tee)
        plan = TextPlan()
        if request.preference is not None:
            stream, found = await tracks_in_stream(stream)
            if stream.layout is StreamLayout.INDEX_LAST:
                return await self._open_stored(stream, download, metadata, request)
            download.tracks = found
            plan = plan_text(found, request.preference, request.wish)
        if plan.chosen:
            return await self._open_stored(stream, download, metadata, request)
        request.require_transcription()
        media = await self._recordings.stream(stream, request.resources, request.wish)
        return replace(media, content=lambda: download.content).with_notices(plan.notices)

    async def _open_stored(
        self,
        stream: ByteStream,
        download: CachingDownload,
        metadata: SourceMetadata,
        request: OpenRequest,
    ) -> Opened:
        """Download a stream; open the text in it, else its sound."""
        path = self._workdir.new_file(".media")
        request.resources.callback(path.unlink, missing_ok=True)
        await spool(stream.all_bytes(), path)
        found = await self._texts.of_file(
            path, download.content, request.preference, request.wish, metadata.info
        )
        if found.captions is not None:
            return found.captions
        request.require_transcription()
        media = await self._recordings.file(path, request.resources, request.wish)
        return replace(media, content=lambda: download.content).with_notices(found.notices)

    async def _cached_captions(
        self, identity: str, choice: TrackChoice, language: str, metadata: SourceMetadata
    ) -> OpenedCaptions | None:
        track = choice.track
        payload = await self._caches.store.get(CAPTIONS, _caption_key(identity, track))
        if payload is None:
            return None
        name, _, data = payload.partition(b"\n")
        try:
            captions = await parse_bounded(data, name.decode(), language, track.kind)
        except CuestreamError:
            return None  # the site may have mended it since
        info, duration_ms = metadata.info, metadata.duration_ms
        return OpenedCaptions(captions, choice.origin, info, duration_ms, name.decode())

    async def _cached_media(
        self, identity: str, metadata: SourceMetadata, request: OpenRequest
    ) -> Opened | None:
        file = await self._caches.downloads.get(identity)
        if file is None:
            return None
        request.resources.callback(file.close)
        preference, info = request.preference, metadata.info
        texts = await self._texts.of_file(file.path, file.content, preference, request.wish, info)
        if texts.captions is not None:
            return texts.captions
        request.require_transcription()
        media = await self._recordings.file(file.path, request.resources, request.wish)
        media = replace(media, info=info, content=lambda: file.content)
        return media.with_notices(texts.notices)


class CachingDownload:
    """Download that is copied into the cache.

    Attributes:
        content: SHA-256 of its bytes, hexadecimal; None until all of them have passed.
        tracks: that it lists, for later jobs; None where they are not listed.
    """

    def __init__(
        self, caches: Caches, texts: TextTracks, identity: str, metadata: SourceMetadata
    ) -> None:
        self.tracks: FileTracks | None = None
        self._caches = caches
        self._texts = texts
        self._identity = identity
        self._metadata = metadata
        self.content: str | None = None

    async def tee(self, chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """Yield the same bytes; store the source's metadata once all of them have passed."""
        copy = self._caches.downloads.tee(chunks, self._identity)
        async with aclosing(copy.chunks) as passed:
            async for chunk in passed:
                yield chunk
        self.content = copy.content
        if self.tracks is not None:
            await self._texts.note(copy.content, self.tracks)
        metadata = replace(self._metadata, content=copy.content, seen_at=time.time())
        await self._caches.source_metadata.put(self._identity, metadata)


def _unchanged(then: SourceMetadata, now: SourceMetadata) -> bool:
    """Compare two states of a body: by entity tag, else by date plus length."""
    if then.etag is not None and now.etag is not None:
        return then.etag == now.etag
    same_date = then.last_modified is not None and then.last_modified == now.last_modified
    return same_date and then.length is not None and then.length == now.length


def _caption_key(identity: str, track: CaptionTrack) -> str:
    return stage_key(identity, track.kind, track.name)
