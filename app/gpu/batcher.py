"""One queue ahead of the transcriber, shared by every request.

First windows of a request go first, so that every viewer sees a cue early; after that the
request that has been served least goes first. A batch takes whatever waits when a lane is free
and never waits for more. A window that nobody wants any more costs nothing; a batch that fails
is split until the window at fault stands alone and fails only its own request; out of memory
halves the batch size from then on.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.domain.errors import CuestreamError, EngineError, JobCancelledError, OutOfMemoryError
from app.domain.transcript import Segment
from app.gpu.protocols import Transcriber, Window


class BatchedTranscriber(Transcriber, Protocol):
    """A transcriber and how it likes to be fed.

    Attributes:
        lanes: calls at a time.
        max_batch: windows in one call.
        revision: see `app.gpu.protocols.Engine`.
    """

    lanes: int
    max_batch: int
    revision: str


@dataclass(slots=True, order=True)
class _Item:
    rank: tuple[int, int, int]
    window: Window = field(compare=False)
    loop: asyncio.AbstractEventLoop = field(compare=False)
    future: asyncio.Future[Sequence[Segment]] = field(compare=False)

    def finish(self, result: Sequence[Segment] | CuestreamError) -> None:
        self.loop.call_soon_threadsafe(_settle, self.future, result)


def _settle(
    future: asyncio.Future[Sequence[Segment]], result: Sequence[Segment] | CuestreamError
) -> None:
    if future.done():
        return
    if isinstance(result, CuestreamError):
        future.set_exception(result)
    else:
        future.set_result(result)


class Batcher:
    """Feeds windows of all requests to one transcriber.

    Attributes:
        busy_s: seconds that lanes have spent in the engine.
    """

    def __init__(self, engine: BatchedTranscriber) -> None:
        self._engine = engine
        self._max_batch = engine.max_batch
        self._heap: list[_Item] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self.busy_s = 0.0
        self._threads = [
            threading.Thread(target=self._work, name=f"engine-{lane}", daemon=True)
            for lane in range(engine.lanes)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def capacity(self) -> int:
        """Windows that are decoded at a time."""
        return self._engine.lanes * self._max_batch

    @property
    def queued(self) -> int:
        """Windows that wait."""
        return len(self._heap)

    async def transcribe(self, window: Window, index: int) -> Sequence[Segment]:
        """Transcribe one window among those of other requests.

        Args:
            window: the window; its ``cancelled`` event withdraws it.
            index: its place in its request, counted from 0.

        Raises:
            EngineError: the engine failed on this window.
            JobCancelledError: the window was withdrawn, or the server stops.
        """
        loop = asyncio.get_running_loop()
        rank = (0 if index == 0 else 1, index, next(self._order))
        item = _Item(rank, window, loop, loop.create_future())
        with self._changed:
            if self._closed:
                raise JobCancelledError("The server is shutting down")
            heapq.heappush(self._heap, item)
            self._changed.notify()
        return await item.future

    def close(self) -> None:
        """Withdraw everything that waits and end the lanes after their current batch."""
        with self._changed:
            self._closed = True
            for item in self._heap:
                item.window.cancelled.set()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=5)

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
                while self._heap and len(batch) < self._max_batch:
                    item = heapq.heappop(self._heap)
                    if item.window.cancelled.is_set():
                        item.finish(JobCancelledError("Nobody waits for this any more"))
                    else:
                        batch.append(item)
                if batch or self._closed:
                    return batch
                self._changed.wait()

    def _run(self, batch: list[_Item]) -> None:
        try:
            results = self._engine.transcribe([item.window for item in batch])
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
