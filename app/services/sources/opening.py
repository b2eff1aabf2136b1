"""Opening media, wherever it comes from."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np

from app.domain.errors import CuestreamError, EngineLoadError
from app.domain.request import MediaUrl, SiteVideo, Source, UploadedFile
from app.domain.time import SAMPLE_RATE_HZ
from app.services.sources.byte_stream import ByteStream, spool
from app.services.sources.completeness import check_file
from app.services.sources.decoder import Decoder, decoding_file, decoding_stream
from app.services.sources.fetch import Fetcher, check_address
from app.services.sources.guard import Guard
from app.services.sources.layout import Layout
from app.services.sources.opened import OpenedMedia
from app.services.sources.silence import replay, skip_silence
from app.services.sources.site import site_stream
from app.services.sources.transfer import PAGES
from app.services.stages.decode import GRACE_S, decode_audio, too_long
from app.services.workdir import WorkDir
from app.settings import Settings

_PLAYLISTS = frozenset(
    {"application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl", "audio/x-mpegurl"}
    | {"application/dash+xml"}
)
"""HLS (RFC 8216 section 4) and DASH (ISO/IEC 23009-1 annex C)."""


class MediaOpener:
    """Opens media so that it decodes, or says why it cannot.

    Args:
        settings: of the server; ``sources`` and ``jobs`` are used.
        workdir: where temporary files go.
    """

    def __init__(self, settings: Settings, workdir: WorkDir) -> None:
        self._settings = settings.sources
        self._max_duration_s = settings.jobs.max_duration_s
        self._workdir = workdir
        self._guard = Guard(settings.sources.allow_private_urls, settings.sources.fetch_connect_s)
        self._fetcher = Fetcher(settings.sources, self._guard)

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
            case MediaUrl(url):
                await check_address(url, self._guard)
            case SiteVideo(page_url):
                self._guard.parse(page_url)

    async def open(self, source: Source) -> OpenedMedia:
        """Open media and decode until there is something to hear.

        Args:
            source: an upload's file stays where it is when the media is closed.

        Returns:
            Media whose first block is there already. The caller closes it.

        Raises:
            MediaError: it cannot become subtitles.
            SourceError: it cannot be fetched.
            UrlBlockedError: it is at an address that must not be reached.
            PayloadTooLargeError: it has more bytes than the server accepts.
            StorageError: the disk is full or not writable.
        """
        async with AsyncExitStack() as stack:
            match source:
                case UploadedFile(path=path):
                    media = await self._open_file(path, stack)
                case MediaUrl(url):
                    media = await self._open_url(url, stack)
                case SiteVideo(page_url):
                    media = await self._open_site(page_url, stack)
            return OpenedMedia(media.duration_ms, media.blocks, media.info, stack.pop_all())

    async def _open_url(self, url: str, stack: AsyncExitStack) -> OpenedMedia:
        async with AsyncExitStack() as connection:
            body = await connection.enter_async_context(self._fetcher.get(url))
            if body.content_type not in PAGES | _PLAYLISTS:
                stream = await ByteStream(body.chunks, body.length).looked_at()
                if not _is_playlist(stream.head):
                    stack.push_async_exit(connection.pop_all())
                    return await self._open_stream(stream, stack)
        return await self._open_site(url, stack)

    async def _open_site(self, page_url: str, stack: AsyncExitStack) -> OpenedMedia:
        fetched = site_stream(page_url, self._settings, self._guard, self._workdir)
        stream = await stack.enter_async_context(fetched)
        if stream.duration_ms is not None:
            self._check_duration(stream.duration_ms)
        return await self._open_stream(await stream.looked_at(), stack)

    async def _open_stream(self, stream: ByteStream, stack: AsyncExitStack) -> OpenedMedia:
        if stream.layout is Layout.INDEX_LAST:
            path = self._workdir.new_file(".media")
            stack.callback(path.unlink, missing_ok=True)
            await spool(stream.whole(), path)
            return await self._open_file(path, stack)
        decoder = await stack.enter_async_context(decoding_stream(stream.head, stream.whole()))
        pcm = decoder.pcm()
        stack.push_async_callback(pcm.aclose)
        kept = await skip_silence(pcm)
        if stream.layout is Layout.FRAGMENTED:
            decoder.report.guess(stream.duration_ms)  # it knew the first fragments alone
        return self._opened(decoder, replay(kept, pcm), stream)

    async def _open_file(self, path: Path, stack: AsyncExitStack) -> OpenedMedia:
        decoder = await stack.enter_async_context(decoding_file(path))
        pcm = decoder.pcm()
        stack.push_async_callback(pcm.aclose)
        checked, kept = await asyncio.gather(
            check_file(path), skip_silence(pcm), return_exceptions=True
        )
        if isinstance(checked, BaseException):
            raise checked
        if isinstance(kept, BaseException):
            raise kept
        return self._opened(decoder, replay(kept, pcm))

    def _opened(
        self,
        decoder: Decoder,
        pcm: AsyncGenerator[bytes, None],
        stream: ByteStream | None = None,
    ) -> OpenedMedia:
        report = decoder.report
        duration_ms = report.duration_ms
        if duration_ms is not None and not report.estimated:
            self._check_duration(duration_ms)
        if duration_ms is None and stream is not None:
            duration_ms = stream.duration_ms or _guess_ms(stream.length, report.bit_rate_kbps)
        return OpenedMedia(duration_ms, decode_audio(pcm, self._max_duration_s))

    def _check_duration(self, duration_ms: int) -> None:
        if duration_ms > (self._max_duration_s + GRACE_S) * 1000:
            raise too_long(self._max_duration_s)


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


def _guess_ms(length: int | None, kbps: int | None) -> int | None:
    return length * 8 // kbps if length and kbps else None
