"""Audio decoder: an ffmpeg subprocess for one input."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

from app.domain.time import samples_to_ms
from app.services.media.ffmpeg_command import decode_command
from app.services.media.ffmpeg_log import FfmpegReport
from app.services.media.integrity import tolerance_ms, truncated_error
from app.services.media.pcm import BYTES_PER_SAMPLE, PcmBlock
from app.services.media.timed_pcm import TimedPcm
from app.system.child_limits import ChildLimits
from app.system.subprocesses import Subprocess, running
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

_HEAD_BYTES = 200

_HEADER_S = 5.0
"""How long to wait for the log after samples came. It is written before them."""


class FfmpegDecoder:
    """A running ffmpeg.

    Args:
        child: the subprocess.
        report: reads its log.
        input_consumed: returns whether all input was read; raises the input's own error.

    Attributes:
        report: properties of the input by ffmpeg's log; complete once the first PCM came.
        timed: its output, which counts the gaps.
    """

    def __init__(
        self, child: Subprocess, report: FfmpegReport, input_consumed: Callable[[], bool]
    ) -> None:
        self.report = report
        self.timed = TimedPcm(child.stdout)
        self._child = child
        self._input_consumed = input_consumed
        self._decoded_bytes = 0

    async def pcm(self) -> AsyncGenerator[PcmBlock, None]:
        """Yield mono 16-bit PCM at 16 kHz in whole blocks, at least one.

        Raises:
            MediaError: nothing could be decoded, or the end is missing; in the latter case all
                blocks that there are were yielded.
            ResourceLimitError: decoding needs more memory or time than it may.
            CuestreamError: the error of the input.
        """
        async with aclosing(self.timed.blocks()) as blocks:
            async for block in blocks:
                if not self._decoded_bytes:
                    await self._read_header()
                self._decoded_bytes += len(block.data)
                yield block
        await self._finish()

    async def _read_header(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_HEADER_S):
                await self.report.header_read.wait()

    async def _finish(self) -> None:
        status = await self._child.wait()
        self._child.check_limits("Decoding the media")
        failed = status != 0 or not self._input_consumed()
        if not self._decoded_bytes:
            raise self.report.error()
        expected_ms = self.report.duration_ms
        if expected_ms is None:
            complete = not failed
        elif self._decoded_ms >= expected_ms - tolerance_ms(expected_ms):
            complete = True
        else:
            # Video may be longer than its audio, and an estimate proves nothing.
            excused = self.report.has_video or self.report.estimated
            complete = excused and not failed and not self.report.truncated
        if not complete:
            raise truncated_error()

    @property
    def _decoded_ms(self) -> int:
        return samples_to_ms(self._decoded_bytes // BYTES_PER_SAMPLE)


@asynccontextmanager
async def decoding_file(path: Path, limits: ChildLimits) -> AsyncIterator[FfmpegDecoder]:
    """Decode a file for as long as the block lasts."""
    report = FfmpegReport()
    command = decode_command(path, await DISK.run(_head_of, path))
    async with running(command, on_line=report.read, limits=limits) as child:
        yield FfmpegDecoder(child, report, lambda: True)


@asynccontextmanager
async def decoding_stream(
    head: bytes, chunks: AsyncGenerator[bytes, None], limits: ChildLimits
) -> AsyncIterator[FfmpegDecoder]:
    """Decode the bytes of an iterator, reading it only as fast as they are decoded.

    An error of the iterator is raised by :meth:`FfmpegDecoder.pcm`, after all audio before it.

    Args:
        head: the first bytes of the media, by which its container is recognised.
        chunks: all bytes, those of the head too.
        limits: of ffmpeg.
    """
    report = FfmpegReport()
    command = decode_command(None, head[:_HEAD_BYTES])
    async with running(command, stdin=True, on_line=report.read, limits=limits) as child:
        feeder = asyncio.create_task(_feed(chunks, child))

        def consumed() -> bool:
            return feeder.done() and feeder.result()

        try:
            yield FfmpegDecoder(child, report, consumed)
        finally:
            feeder.cancel()
            await asyncio.gather(feeder, return_exceptions=True)


def _head_of(path: Path) -> bytes:
    with storage_errors(), path.open("rb") as file:
        return file.read(_HEAD_BYTES)


async def _feed(chunks: AsyncGenerator[bytes, None], child: Subprocess) -> bool:
    """Write all chunks to ffmpeg; return whether it read them all."""
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                if not await child.write(chunk):
                    return False
        return True
    finally:
        child.close_stdin()
