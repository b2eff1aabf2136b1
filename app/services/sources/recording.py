"""Opener of recordings from a file's bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

from app.services.media.byte_stream import ByteStream, spool
from app.services.media.ffmpeg_decoder import FfmpegDecoder, decoding_file, decoding_stream
from app.services.media.integrity import check_file
from app.services.media.mp4_index import StreamLayout
from app.services.media.pcm import GRACE_S, PcmBlock, decode_audio, too_long
from app.services.media.silence import replay, skip_silence
from app.services.sources.opened import OpenedMedia
from app.system.child_limits import decoder_limits
from app.system.workdir import WorkDir


class RecordingOpener:
    """Opens files and streams, and decodes them up to their first sound.

    Args:
        max_duration_s: longest media.
        workdir: where media is stored that cannot be decoded as it arrives.
    """

    def __init__(self, max_duration_s: int, workdir: WorkDir) -> None:
        self._max_duration_s = max_duration_s
        self._workdir = workdir
        self._limits = decoder_limits(max_duration_s)

    async def stream(self, stream: ByteStream, resources: AsyncExitStack) -> OpenedMedia:
        """Open a stream; it is decoded as it arrives wherever the container's layout allows.

        Args:
            stream: the media.
            resources: released when the media is closed.

        Raises:
            MediaError: it cannot become subtitles.
            StorageError: the disk is full or not writable.
            CuestreamError: the error of the stream.
        """
        if stream.duration_ms is not None:
            self._check_duration(stream.duration_ms)
        stream = await stream.peek()
        if stream.layout is StreamLayout.INDEX_LAST:
            path = self._workdir.new_file(".media")
            resources.callback(path.unlink, missing_ok=True)
            await spool(stream.all_bytes(), path)
            return await self.file(path, resources)
        decoder = await resources.enter_async_context(
            decoding_stream(stream.head, stream.all_bytes(), self._limits)
        )
        pcm = decoder.pcm()
        resources.push_async_callback(pcm.aclose)
        opening = await skip_silence(pcm)
        if stream.layout is StreamLayout.FRAGMENTED:
            decoder.report.set_estimate(stream.duration_ms)  # it knew the first fragments alone
        return self._opened(decoder, replay(opening, pcm), stream)

    async def file(self, path: Path, resources: AsyncExitStack) -> OpenedMedia:
        """Open a file.

        Args:
            path: the file; it stays where it is.
            resources: released when the media is closed.

        Raises:
            MediaError: it cannot become subtitles.
            StorageError: it cannot be read.
        """
        decoder = await resources.enter_async_context(decoding_file(path, self._limits))
        pcm = decoder.pcm()
        resources.push_async_callback(pcm.aclose)
        checked, opening = await asyncio.gather(
            check_file(path), skip_silence(pcm), return_exceptions=True
        )
        if isinstance(checked, BaseException):
            raise checked
        if isinstance(opening, BaseException):
            raise opening
        return self._opened(decoder, replay(opening, pcm))

    def _opened(
        self,
        decoder: FfmpegDecoder,
        pcm: AsyncGenerator[PcmBlock, None],
        stream: ByteStream | None = None,
    ) -> OpenedMedia:
        report = decoder.report
        duration_ms = report.duration_ms
        if duration_ms is not None and not report.estimated:
            self._check_duration(duration_ms)
        if duration_ms is None and stream is not None:
            duration_ms = stream.duration_ms or _estimated_ms(stream.length, report.bit_rate_kbps)
        blocks = decode_audio(pcm, self._max_duration_s)
        return OpenedMedia(duration_ms, blocks, gap_ms=lambda: decoder.timed.gap_ms)

    def _check_duration(self, duration_ms: int) -> None:
        if duration_ms > (self._max_duration_s + GRACE_S) * 1000:
            raise too_long(self._max_duration_s)


def _estimated_ms(length: int | None, kbps: int | None) -> int | None:
    return length * 8 // kbps if length and kbps else None
