"""The queue ahead of the device: what every request asks of its engines, in one order.

First windows of a request go first, so that every viewer sees a cue early; after that the
request that has been served least goes first. A batch takes whatever waits when a lane is free
and never waits for more. A piece of work that nobody wants any more costs nothing; a batch that
fails is split until the window at fault stands alone and fails only its own request; out of
memory halves the batch size from then on.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.domain.audio import Audio
from app.domain.errors import CuestreamError, EngineError, JobCancelledError, OutOfMemoryError
from app.domain.request import SpeakerCount
from app.domain.transcript import Segment, SpeakerTurn
from app.gpu.protocols import Aligner, Diarizer, Passage, Prepared, Transcriber, Voices, Window
from app.gpu.ticket import Ticket

Run = Callable[[list[Any]], Sequence[Any]]


@dataclass(slots=True, order=True)
class _Item:
    rank: tuple[int, int, int]
    key: Hashable = field(compare=False)
    run: Run = field(compare=False)
    payload: Any = field(compare=False)
    cancelled: threading.Event = field(compare=False)
    loop: asyncio.AbstractEventLoop = field(compare=False)
    future: asyncio.Future[Any] = field(compare=False)

    def finish(self, result: Any) -> None:
        self.loop.call_soon_threadsafe(_settle, self.future, result)


def _settle(future: asyncio.Future[Any], result: Any) -> None:
    if future.done():
        return
    if isinstance(result, CuestreamError):
        future.set_exception(result)
    else:
        future.set_result(result)


class Scheduler:
    """Feeds the engines of one device with the work of all requests.

    Args:
        transcriber: decodes windows.
        aligner: None where this server aligns nothing.
        diarizer: None where this server tells no speakers apart.

    Attributes:
        busy_s: seconds that lanes have spent in the engines.
    """

    def __init__(
        self,
        transcriber: Transcriber,
        aligner: Aligner | None = None,
        diarizer: Diarizer | None = None,
    ) -> None:
        self._transcriber = transcriber
        self._aligner = aligner
        self._diarizer = diarizer
        self._max_batch = transcriber.max_batch
        self._heap: list[_Item] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self.busy_s = 0.0
        self._threads = [
            threading.Thread(target=self._work, name=f"engine-{lane}", daemon=True)
            for lane in range(transcriber.lanes)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def capacity(self) -> int:
        """Windows that are decoded at a time."""
        return self._transcriber.lanes * self._max_batch

    @property
    def queued(self) -> int:
        """Pieces of work that wait."""
        return len(self._heap)

    async def transcribe(self, window: Window, ticket: Ticket, index: int) -> Sequence[Segment]:
        """Transcribe one window among those of other requests.

        Args:
            window: the window; its ``cancelled`` event withdraws it.
            ticket: whose it is.
            index: its place in its request, counted from 0.

        Raises:
            EngineError: the engine failed on this window.
            JobCancelledError: the window was withdrawn, or the server stops.
        """
        prepared = await asyncio.to_thread(self._transcriber.prepare, window)
        while True:
            rank = (0 if index == 0 else 1, index, next(self._order))
            outcome = await self._ask(
                rank,
                ("transcribe", prepared.batch_key),
                self._transcriber.decode,
                prepared,
                window.cancelled,
            )
            if not isinstance(outcome, Prepared):
                heard: Sequence[Segment] = outcome
                return heard
            prepared = outcome

    async def align(self, passage: Passage, ticket: Ticket, index: int) -> tuple[Segment, ...]:
        """Find out when exactly each word of one window was said.

        Args:
            passage: of a language that the aligner serves.
            ticket: whose it is.
            index: place of its window in its request.

        Raises:
            EngineError: the engine failed on this passage.
            JobCancelledError: the job was withdrawn, or the server stops.
        """
        aligner = self._aligner
        assert aligner is not None  # noqa: S101 - callers ask whether there is one
        rank = (0 if index == 0 else 1, index, next(self._order))
        aligned: tuple[Segment, ...] = await self._ask(
            rank, "align", aligner.align, passage, ticket.cancelled
        )
        return aligned

    async def listen(
        self, audio: Audio, voices: Voices | None, ticket: Ticket, *, last: bool = False
    ) -> Voices:
        """Let the diarizer listen to a slice of a recording; gives way to everything else.

        Raises:
            EngineError: the engine failed.
            JobCancelledError: the job was withdrawn, or the server stops.
        """
        diarizer = self._diarizer
        assert diarizer is not None  # noqa: S101 - callers ask whether there is one

        def run(batch: list[Any]) -> list[Voices]:
            return [diarizer.listen(audio.samples, voices, last=last)]

        rank = (2, 0, next(self._order))
        heard: Voices = await self._ask(rank, object(), run, None, ticket.cancelled)
        return heard

    async def turns(
        self, voices: Voices, speakers: SpeakerCount, ticket: Ticket
    ) -> Sequence[SpeakerTurn]:
        """Tell the speakers of a recording apart, once all of it was listened to.

        Raises:
            EngineError: the engine failed.
            JobCancelledError: the job was withdrawn, or the server stops.
        """
        diarizer = self._diarizer
        assert diarizer is not None  # noqa: S101 - callers ask whether there is one

        def run(batch: list[Any]) -> list[Sequence[SpeakerTurn]]:
            return [diarizer.turns(voices, speakers)]

        rank = (2, 0, next(self._order))
        turns: Sequence[SpeakerTurn] = await self._ask(rank, object(), run, None, ticket.cancelled)
        return turns

    def close(self) -> None:
        """Withdraw everything that waits and end the lanes after their current batch."""
        with self._changed:
            self._closed = True
            for item in self._heap:
                item.cancelled.set()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=5)

    async def _ask(
        self,
        rank: tuple[int, int, int],
        key: Hashable,
        run: Run,
        payload: Any,
        cancelled: threading.Event,
    ) -> Any:
        loop = asyncio.get_running_loop()
        item = _Item(rank, key, run, payload, cancelled, loop, loop.create_future())
        with self._changed:
            if self._closed:
                raise JobCancelledError("The server is shutting down")
            heapq.heappush(self._heap, item)
            self._changed.notify()
        return await item.future

    def _work(self) -> None:
        while batch := self._take():
            started = time.monotonic()
            self._run(batch)
            self.busy_s += time.monotonic() - started

    def _take(self) -> list[_Item]:
        """Wait for work; an empty batch means the end."""
        with self._changed:
            while True:
                batch: list[_Item] = []
                others: list[_Item] = []
                while self._heap and len(batch) < self._max_batch:
                    item = heapq.heappop(self._heap)
                    if item.cancelled.is_set():
                        item.finish(JobCancelledError("Nobody waits for this any more"))
                    elif not batch or item.key == batch[0].key:
                        batch.append(item)
                    else:
                        others.append(item)
                for item in others:
                    heapq.heappush(self._heap, item)
                if batch or self._closed:
                    return batch
                self._changed.wait()

    def _run(self, batch: list[_Item]) -> None:
        try:
            results = batch[0].run([item.payload for item in batch])
        except OutOfMemoryError as error:
            self._max_batch = max(1, len(batch) // 2)
            self._split(batch, error)
        except CuestreamError as error:
            self._split(batch, error)
        except Exception as error:  # noqa: BLE001 - a lane must outlive any engine's defect
            self._split(batch, EngineError(f"The engine failed: {type(error).__name__}"))
        else:
            for item, result in zip(batch, results, strict=True):
                item.finish(result)

    def _split(self, batch: list[_Item], error: CuestreamError) -> None:
        if len(batch) == 1:
            batch[0].finish(error)
            return
        middle = len(batch) // 2
        self._run(batch[:middle])
        self._run(batch[middle:])
