"""Bytes that become a recording."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

from app.services.media.byte_stream import ByteStream, spool
from app.services.media.decoder import Decoder, decoding_file, decoding_stream
from app.services.media.integrity import check_file
from app.services.media.mp4_index import Mp4Layout
from app.services.media.pcm import GRACE_S, decode_audio, too_long
from app.services.media.silence import replay, skip_silence
from app.services.sources.opened import OpenedMedia
from app.system.workdir import WorkDir


class RecordingOpener:
    """Decodes files and streams until there is something to hear.

    Args:
        max_duration_s: longest media.
        workdir: where media goes that cannot be decoded as it arrives.
    """

    def __init__(self, max_duration_s: int, workdir: WorkDir) -> None:
        self._max_duration_s = max_duration_s
        self._workdir = workdir

    async def stream(self, stream: ByteStream, stack: AsyncExitStack) -> OpenedMedia:
        """Open media that arrives; it is decoded while it does, wherever its layout allows.

        Args:
            stream: the media.
            stack: takes what must be let go when the media is closed.

        Raises:
            MediaError: it cannot become subtitles.
            StorageError: the disk is full or not writable.
            CuestreamError: whatever the stream raises.
        """
        if stream.duration_ms is not None:
            self._check_duration(stream.duration_ms)
        stream = await stream.looked_at()
        if stream.layout is Mp4Layout.INDEX_LAST:
            path = self._workdir.new_file(".media")
            stack.callback(path.unlink, missing_ok=True)
            await spool(stream.whole(), path)
            return await self.file(path, stack)
        decoder = await stack.enter_async_context(decoding_stream(stream.head, stream.whole()))
        pcm = decoder.pcm()
        stack.push_async_callback(pcm.aclose)
        kept = await skip_silence(pcm)
        if stream.layout is Mp4Layout.FRAGMENTED:
            decoder.report.guess(stream.duration_ms)  # it knew the first fragments alone
        return self._opened(decoder, replay(kept, pcm), stream)

    async def file(self, path: Path, stack: AsyncExitStack) -> OpenedMedia:
        """Open a file.

        Args:
            path: the file; it stays where it is.
            stack: takes what must be let go when the media is closed.

        Raises:
            MediaError: it cannot become subtitles.
            StorageError: it cannot be read.
        """
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


def _guess_ms(length: int | None, kbps: int | None) -> int | None:
    return length * 8 // kbps if length and kbps else None
