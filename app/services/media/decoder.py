"""ffmpeg at work on one input."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

from app.domain.time import samples_to_ms
from app.services.media.ffmpeg_command import decode_command
from app.services.media.ffmpeg_log import FfmpegReport
from app.services.media.integrity import cut_error, slack_ms
from app.services.media.pcm import BYTES_PER_SAMPLE, read_pcm
from app.system.subprocesses import Subprocess, running
from app.system.workdir import storage_errors

_HEAD_BYTES = 200

_HEADER_S = 5.0
"""How long to wait for the log after samples came. It is written before them."""

InputCheck = Callable[[], bool]
"""Tells whether all input was consumed; raises what was wrong with it."""


class Decoder:
    """A running ffmpeg.

    Attributes:
        report: what ffmpeg says about its input; complete once the first PCM came.
    """

    def __init__(self, child: Subprocess, report: FfmpegReport, check_input: InputCheck) -> None:
        self.report = report
        self._child = child
        self._check_input = check_input
        self._decoded_bytes = 0

    async def pcm(self) -> AsyncGenerator[bytes, None]:
        """Yield mono 16-bit PCM at 16 kHz in whole blocks, at least one.

        Raises:
            MediaError: nothing could be decoded, or the end is missing; in the latter case all
                blocks that there are were yielded.
            CuestreamError: whatever was wrong with the input.
        """
        async with aclosing(read_pcm(self._child.stdout)) as blocks:
            async for block in blocks:
                if not self._decoded_bytes:
                    await self._read_header()
                self._decoded_bytes += len(block)
                yield block
        await self._finish()

    async def _read_header(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_HEADER_S):
                await self.report.header_read.wait()

    async def _finish(self) -> None:
        failed = await self._child.wait() != 0 or not self._check_input()
        if not self._decoded_bytes:
            raise self.report.error()
        promised_ms = self.report.duration_ms
        if promised_ms is None:
            whole = not failed
        elif self._decoded_ms >= promised_ms - slack_ms(promised_ms):
            whole = True
        else:
            # A picture may go on in silence, and a guess proves nothing.
            excused = self.report.has_video or self.report.estimated
            whole = excused and not failed and not self.report.cut
        if not whole:
            raise cut_error()

    @property
    def _decoded_ms(self) -> int:
        return samples_to_ms(self._decoded_bytes // BYTES_PER_SAMPLE)


@asynccontextmanager
async def decoding_file(path: Path) -> AsyncIterator[Decoder]:
    """Decode a file for as long as the block lasts."""
    report = FfmpegReport()
    command = decode_command(path, await asyncio.to_thread(_head_of, path))
    async with running(command, on_line=report.read) as child:
        yield Decoder(child, report, lambda: True)


@asynccontextmanager
async def decoding_stream(
    head: bytes, chunks: AsyncGenerator[bytes, None]
) -> AsyncIterator[Decoder]:
    """Decode what an iterator yields, taking it only as fast as it is decoded.

    What the iterator raises is raised by :meth:`Decoder.pcm`, once what came before is decoded.

    Args:
        head: the first bytes of the media, to look at.
        chunks: all of it, the head too.
    """
    report = FfmpegReport()
    command = decode_command(None, head[:_HEAD_BYTES])
    async with running(command, stdin=True, on_line=report.read) as child:
        feeder = asyncio.create_task(_feed(chunks, child))

        def consumed() -> bool:
            return feeder.done() and feeder.result()

        try:
            yield Decoder(child, report, consumed)
        finally:
            feeder.cancel()
            await asyncio.gather(feeder, return_exceptions=True)


def _head_of(path: Path) -> bytes:
    with storage_errors(), path.open("rb") as file:
        return file.read(_HEAD_BYTES)


async def _feed(chunks: AsyncGenerator[bytes, None], child: Subprocess) -> bool:
    """Return whether all was taken."""
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                if not await child.write(chunk):
                    return False
        return True
    finally:
        child.close_stdin()
