"""Sound of a live client in a container, decoded while it arrives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from app.domain.audio import Samples
from app.domain.errors import CuestreamError, UnreadableMediaError
from app.domain.time import SAMPLE_RATE_HZ
from app.services.media.ffmpeg_command import live_command
from app.services.media.ffmpeg_log import FfmpegReport
from app.services.media.pcm_formats import SAMPLE_BYTES, read_samples
from app.system.child_limits import LIVE_DECODER
from app.system.subprocesses import Subprocess, running

_READ_BYTES = 2**15
"""Of decoded sound at a time: one second."""

_WRITE_BYTES = 2**16
"""Handed to the decoder at a time, so that a large message waits on this side of it."""

_QUIET_S = 0.25
"""Where no sound came for so long, all that was sent is decoded: a packet has 60 ms at most."""

Take = Callable[[Samples], Awaitable[None]]
"""Receives mono float32 samples at 16 kHz; while it waits, the decoder and the client wait."""


class LiveContainer:
    """Decodes one client's WebM, Ogg or other container by an ffmpeg of its own.

    The child starts with the first bytes. Nothing but pipes and one second of sound lies between
    the client and `Take`.

    Args:
        take: receives the sound.

    Attributes:
        failure: gets the exception where the sound cannot be decoded; else it stays open.
    """

    def __init__(self, take: Take) -> None:
        self._take = take
        self._report = FfmpegReport()
        self._samples, self._busy = 0, False
        self._task: asyncio.Task[None] | None = None
        loop = asyncio.get_running_loop()
        self._child: asyncio.Future[Subprocess] = loop.create_future()
        self.failure: asyncio.Future[None] = loop.create_future()

    @property
    def duration_s(self) -> float:
        """Sound that was decoded so far."""
        return self._samples / SAMPLE_RATE_HZ

    @property
    def damages(self) -> int:
        """Parts of it that could not be decoded so far, at least."""
        return self._report.damages

    async def feed(self, data: bytes) -> None:
        """Decode the next bytes; waits while much waits already.

        Raises:
            UnreadableMediaError: they cannot be decoded, or the sound has ended ahead of them.
            ResourceLimitError: decoding takes more memory or time than it may.
        """
        if self._task is None:
            self._task = asyncio.create_task(self._decode(), name="live-decoder")
        await self._started(self._task)
        for at in range(0, len(data), _WRITE_BYTES):
            if self._task.done() or not await self._child.result().write(
                data[at : at + _WRITE_BYTES]
            ):
                await self._task
                self._raise_failure()
                raise UnreadableMediaError("The sound has ended, and more was sent behind its end")

    async def settle(self) -> None:
        """Wait until what was sent is decoded and taken, as far as whole packets of it came."""
        heard = -1
        while self._task is not None and not self._task.done():
            if self._samples == heard and not self._busy:
                return
            heard = self._samples
            await asyncio.sleep(_QUIET_S)

    async def finish(self) -> None:
        """Decode what is left, and end.

        Raises:
            CuestreamError: as `feed`.
        """
        if self._task is None:
            return
        await self._started(self._task)
        if self._child.done():
            self._child.result().close_stdin()
        await self._task
        self._raise_failure()

    async def close(self) -> None:
        """Stop now; the child is gone afterwards."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self.failure.done():
            self.failure.exception()  # it was told, or nobody is there any more
        self.failure.cancel()

    async def _started(self, task: asyncio.Task[None]) -> None:
        ends: set[asyncio.Future[Any]] = {task, self._child}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)

    def _raise_failure(self) -> None:
        if self.failure.done():
            self.failure.result()

    async def _decode(self) -> None:
        with suppress(asyncio.InvalidStateError):
            try:
                await self._run()
            except CuestreamError as error:
                self.failure.set_exception(error)

    async def _run(self) -> None:
        width, rest = SAMPLE_BYTES["s16"], b""
        async with running(
            live_command(), stdin=True, on_line=self._report.read, limits=LIVE_DECODER
        ) as child:
            self._child.set_result(child)
            while data := await child.stdout.read(_READ_BYTES):
                data = rest + data
                whole = len(data) - len(data) % width
                rest = data[whole:]
                self._samples += whole // width
                self._busy = True
                await self._take(read_samples(data[:whole], "s16"))
                self._busy = False
            status = await child.wait()
            child.check_limits("Decoding the sound")
        if status and self._samples:
            raise UnreadableMediaError("The rest of the sound cannot be decoded")
        if status:
            raise self._report.error()
