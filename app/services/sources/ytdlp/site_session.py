"""Session with yt-dlp about the video of one page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from app.domain.captions import CaptionTrack
from app.domain.errors import (
    CuestreamError,
    PayloadTooLargeError,
    ResourceLimitError,
    SourceError,
    SourceTooSlowError,
)
from app.domain.time import seconds_to_ms
from app.services.media.byte_stream import ByteStream
from app.services.net.pace import TransferPace
from app.services.net.ssrf_guard import SsrfGuard
from app.services.sources.ytdlp.child_process import SiteProcess, site_process
from app.services.sources.ytdlp.info_dict import FoundVideo
from app.services.sources.ytdlp.playlist_info import FoundPlaylist, PlaylistWish
from app.services.sources.ytdlp.site_errors import site_error
from app.services.sources.ytdlp.site_metadata import caption_tracks, media_info, parse_found
from app.services.sources.ytdlp.ytdlp_options import BEST_AUDIO
from app.settings import SourceSettings
from app.system.workdir import WorkDir

_READ_BYTES = 2**16

_SILENCE_FACTOR = 6
"""yt-dlp tries a request again as often as this before it gives up."""

_TRAFFIC_SHARE = 1.25
"""Bytes on the way for each byte of the media: encryption, playlists, parts that came twice."""

_ANSWER_BYTES = 64 * 2**20
"""Largest answer of the child: a caption file has 32 MiB at most."""

Answer = tuple[str, bytes]
"""The name of a child's answer, and its bytes."""

CAPTION_FORMATS = ("json3", "vtt", "srv1", "ttml", "srt")
"""The most detailed first: json3 has the time of each word. Source: the extension's contract."""


class SiteSession:
    """One extraction, from which captions and the audio can be fetched.

    Attributes:
        info: metadata of the video.
        duration_ms: by the site; None when unknown.
        tracks: captions, manual ones first.
    """

    def __init__(self, process: SiteProcess, found: FoundVideo, settings: SourceSettings) -> None:
        self.info = media_info(found)
        self.tracks = caption_tracks(found)
        duration_s = found["duration_s"]
        self.duration_ms = None if duration_s is None else seconds_to_ms(duration_s)
        self._process = process
        self._settings = settings
        self._chunks: AsyncGenerator[bytes, None] | None = None

    async def caption(self, track: CaptionTrack) -> tuple[str, bytes]:
        """Fetch a track; not once the audio is requested.

        Returns:
            The format and the file, never empty.

        Raises:
            SourceError: the site sends none of its files.
            UrlBlockedError: they are at an address that must not be reached.
        """
        failure: CuestreamError = SourceError("The site gives no bytes of its captions")
        offered = dict(track.urls)
        for name in CAPTION_FORMATS:
            if name not in offered:
                continue
            wanted = {"kind": track.kind, "name": track.name, "format": name}
            answer, data = await self._request({"caption": wanted})
            if answer == "caption" and data.strip():
                return name, data
            if answer == "failed" and type(failure) is SourceError:  # no reason known so far
                failure = self._caption_failure(data)
            if failure.code == "source_rate_limited":
                break  # further requests would make it worse
        raise failure

    def audio(self) -> ByteStream:
        """Return the media as it arrives, the best audio unless the session wants another format.

        It is requested when the first byte is read.

        The chunks raise SourceError where the site sends no media or not all of it,
        UrlBlockedError where it is at a forbidden address, PayloadTooLargeError where it has
        more bytes than the server accepts.
        """
        self._chunks = self._audio()
        return ByteStream(self._chunks, duration_ms=self.duration_ms)

    async def aclose(self) -> None:
        """Stop reading."""
        if self._chunks is not None:
            await self._chunks.aclose()

    async def _audio(self) -> AsyncGenerator[bytes, None]:
        child, proxy = self._process.child, self._process.proxy
        max_mb = self._settings.max_download_mb
        proxy.max_bytes += int(max_mb * 2**20 * _TRAFFIC_SHARE)
        await child.write(b'{"audio": true}\n')
        child.close_stdin()
        received = 0
        pace = TransferPace(self._settings, _SILENCE_FACTOR * self._settings.fetch_read_s)
        while data := await pace.wait(child.stdout.read(_READ_BYTES)):
            received += len(data)
            if received > max_mb * 2**20:
                raise PayloadTooLargeError(max_mb, "Download")
            yield data
        if await child.wait() != 0:
            raise await self._process.failure()

    async def _request(self, request: dict[str, object]) -> Answer:
        await self._process.child.write(json.dumps(request).encode() + b"\n")
        return await answer_in_time(self._process, self._settings)

    def _caption_failure(self, data: bytes) -> CuestreamError:
        blocked, self._process.proxy.blocked = self._process.proxy.blocked, None
        if blocked is not None:
            return blocked
        error = json.loads(data)
        return site_error(error["kind"], error["text"])


@asynccontextmanager
async def site_session(
    page_url: str,
    settings: SourceSettings,
    guard: SsrfGuard,
    workdir: WorkDir,
    media_format: str = BEST_AUDIO,
) -> AsyncIterator[SiteSession]:
    """Extract a page; its captions and audio can be fetched for as long as the block lasts.

    yt-dlp runs in a child process whose only way to the network is our proxy, so that the guard
    applies to it too.

    Raises:
        UrlBlockedError: the page leads to an address that must not be reached.
        SourceError: the site gives no video; its subclasses say why.
        StorageError: the disk is full or not writable.
    """
    guard.parse(page_url)
    async with site_process(page_url, settings, guard, workdir, media_format) as process:
        _, data = await answer_in_time(process, settings)
        session = SiteSession(process, parse_found(data), settings)
        try:
            yield session
        finally:
            await session.aclose()


async def site_playlist(
    page_url: str,
    wish: PlaylistWish,
    settings: SourceSettings,
    guard: SsrfGuard,
    workdir: WorkDir,
) -> FoundPlaylist:
    """List a playlist without looking at its videos; a video's page is a list of one.

    Raises:
        InvalidFieldError: places or days cannot be read from the wish.
        UrlBlockedError: the page leads to an address that must not be reached.
        SourceError: the site gives no list; its subclasses say why.
        StorageError: the disk is full or not writable.
    """
    guard.parse(page_url)
    async with site_process(page_url, settings, guard, workdir, playlist=wish) as process:
        _, data = await answer_in_time(process, settings)
        return cast("FoundPlaylist", json.loads(data))


async def answer_in_time(process: SiteProcess, settings: SourceSettings) -> Answer:
    """Read one answer of the child, which is killed if it takes too long.

    Raises:
        SourceTooSlowError: it takes too long.
        CuestreamError: the child has ended instead; the error is the child's.
    """
    try:
        async with asyncio.timeout(settings.fetch_page_s):
            return await read_answer(process)
    except TimeoutError:
        await process.child.kill()  # a late answer would be taken for that to another request
        raise SourceTooSlowError("The site's page takes too long") from None


async def read_answer(process: SiteProcess) -> Answer:
    """Read one answer of the child.

    Returns:
        Its name (``found``, ``listed``, ``caption`` or ``failed``) and its bytes.

    Raises:
        CuestreamError: the child has ended instead; the error is the child's.
    """
    line = await process.child.stdout.readline()
    if not line:
        raise await process.failure()
    head = json.loads(line)
    if head["bytes"] > _ANSWER_BYTES:
        raise ResourceLimitError("The site's page is larger than this server reads")
    try:
        return head["answer"], await process.child.stdout.readexactly(head["bytes"])
    except asyncio.IncompleteReadError:
        raise await process.failure() from None
