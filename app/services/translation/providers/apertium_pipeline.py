"""Apertium's programs for one direction, which run on from batch to batch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from app.domain.errors import CuestreamError, InternalError, TranslationError
from app.services.translation.providers.apertium_process import apertium, end
from app.services.translation.providers.apertium_stream import (
    batch_end,
    frame_batch,
    has_begun,
    unframe_batch,
)
from app.system.child_limits import FILTER
from app.system.subprocesses import Subprocess

_IDLE_S = 60.0
"""How long the programs, which take 115 MB, are kept without a batch."""

_FLUSH_S = 10.0
"""A batch takes 5 ms. Whatever has not come after this is what the programs hold back until their
input ends, as after a line that they took for the beginning of something longer."""

_LIMIT_S = 60.0
"""Timeout of a batch."""

_MOST_OUTPUT_BYTES = 16 * 2**20
"""Of a batch, which has at most 16 lines."""

_MOST_INPUT_BYTES = 2**18
"""Of all batches of one process, a sixth of what it may have of processor time: 40 us a byte."""

_LIMITS = replace(FILTER, wall_s=86_400)
"""It lives as long as it is used."""


@dataclass(slots=True)
class _Batch:
    """Lines that wait for their translation.

    Attributes:
        answer: a text for each, or what went wrong.
    """

    texts: Sequence[str]
    answer: asyncio.Future[list[str | None]]

    def succeed(self, texts: list[str | None]) -> None:
        """Give whoever still waits the translation."""
        if not self.answer.done():
            self.answer.set_result(texts)

    def fail(self, error: CuestreamError) -> None:
        """Tell whoever still waits that there is no translation."""
        if not self.answer.done():
            self.answer.set_exception(error)


class _EndedBeforeError(Exception):
    """The programs had ended before they were given a batch, which is not to blame."""


class _Programs:
    """One running process, with the programs that it starts."""

    def __init__(self, child: Subprocess) -> None:
        self._child = child
        self._serial = 0
        self._written_bytes = 0
        self._have_ended = False

    @property
    def are_spent(self) -> bool:
        """Whether they have ended, or have been given as much as they may."""
        return self._have_ended or self._written_bytes >= _MOST_INPUT_BYTES

    async def translate(self, texts: Sequence[str]) -> list[str | None]:
        """Translate a batch.

        Raises:
            _EndedBeforeError: another process has to.
            TranslationError: they failed, hang or write too much.
            ResourceLimitError: they need more memory or time than they may.
        """
        self._serial += 1
        try:
            async with asyncio.timeout(_LIMIT_S):
                output = await self._exchange(frame_batch(texts, self._serial))
        except TimeoutError:
            raise TranslationError("Apertium did not answer in time") from None
        if self._have_ended and self._serial > 1 and not has_begun(output, self._serial):
            raise _EndedBeforeError
        answers = unframe_batch(output, len(texts), self._serial)
        if self._have_ended and not any(answers):
            raise TranslationError("Apertium failed")
        return answers

    async def _exchange(self, framed: bytes) -> bytes:
        """Write a batch; return what comes out."""
        writing = asyncio.create_task(self._child.write(framed))
        try:
            output = await self._output(batch_end(self._serial))
        finally:
            writing.cancel()
            await asyncio.wait({writing})
        self._written_bytes += len(framed)
        if self._have_ended:
            await end(self._child)
            self._child.check_limits("Translating these lines")
        return output

    async def _output(self, last: bytes) -> bytes:
        """Read until a batch is complete or the programs have ended."""
        output = bytearray()
        with suppress(TimeoutError):
            async with asyncio.timeout(_FLUSH_S):
                while last not in output:
                    if not await self._read(output):
                        self._have_ended = True
                        break
                return bytes(output)
        self._child.close_stdin()
        self._have_ended = True
        while await self._read(output):
            pass
        return bytes(output)

    async def _read(self, output: bytearray) -> bool:
        """Read once; return whether there was anything.

        Raises:
            TranslationError: there is more than there may be.
        """
        data = await self._child.stdout.read(2**16)
        output += data
        if len(output) > _MOST_OUTPUT_BYTES:
            raise TranslationError("Apertium writes without end")
        return bool(data)


class ApertiumPipeline:
    """Translates batches in one direction, one at a time, in the order in which they come.

    Reading the dictionaries takes 0.3 s of processor time, and a batch 5 ms. So the programs start
    with the first batch and end when there has been none for a while.

    Args:
        mode: name of the direction, such as ``eng-spa``.
    """

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self._waiting: asyncio.Queue[_Batch] = asyncio.Queue()
        self._again: _Batch | None = None
        self._work: asyncio.Task[None] | None = None

    async def translate(self, texts: Sequence[str]) -> list[str | None]:
        """Translate lines; a caller that is cancelled disturbs no other.

        Returns:
            One text for each line, in order; None for a line that got lost among the others.

        Raises:
            TranslationError: Apertium cannot be started, fails, hangs or writes too much.
            ResourceLimitError: it needs more memory or time than it may.
        """
        batch = _Batch(texts, asyncio.get_running_loop().create_future())
        self._waiting.put_nowait(batch)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._serve(), name=f"apertium {self._mode}")
        return await batch.answer

    async def close(self) -> None:
        """End the programs; a batch that waits is cancelled."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait({self._work})
        if self._again is not None:
            self._again.answer.cancel()
        while not self._waiting.empty():
            self._waiting.get_nowait().answer.cancel()

    async def _serve(self) -> None:
        """Run one process after another for as long as batches wait."""
        while self._again is not None or not self._waiting.empty():
            try:
                async with apertium(["-z", "-u", "-f", "none", self._mode], _LIMITS) as child:
                    await self._serve_with(_Programs(child))
            except InternalError:
                batch = self._again or self._waiting.get_nowait()
                self._again = None
                batch.fail(TranslationError("Apertium cannot be started"))

    async def _serve_with(self, programs: _Programs) -> None:
        """Translate with one process until it is no longer needed or of no more use."""
        while not programs.are_spent:
            batch = await self._next()
            if batch is None:
                return
            try:
                batch.succeed(await programs.translate(batch.texts))
            except _EndedBeforeError:
                self._again = batch
                return
            except CuestreamError as error:
                batch.fail(error)
                return
            except asyncio.CancelledError:
                batch.answer.cancel()
                raise

    async def _next(self) -> _Batch | None:
        """Return the next batch for which somebody waits; None where none comes for a while."""
        if self._again is not None:
            batch, self._again = self._again, None
            return batch
        with suppress(TimeoutError):
            async with asyncio.timeout(_IDLE_S):
                while True:
                    batch = await self._waiting.get()
                    if not batch.answer.done():
                        return batch
        return None
