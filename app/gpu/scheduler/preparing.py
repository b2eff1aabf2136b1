"""The threads that make windows ready for their device."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from app.domain.errors import CuestreamError, EngineError
from app.gpu.protocols import Prepared, Window
from app.gpu.scheduler.queue import WorkQueue
from app.gpu.scheduler.work import WorkItem

log = structlog.get_logger()


class Preparation:
    """Makes the most urgent windows ready, so that the next batch is there when a lane is free.

    It has threads of its own: those of the event loop's pool may all be waiting for a disk.

    Args:
        queue: gives the windows.
        prepare: the transcriber's.
        threads: how many work at a time.
    """

    def __init__(
        self, queue: WorkQueue, prepare: Callable[[Window], Prepared], threads: int
    ) -> None:
        self._queue = queue
        self._prepare = prepare
        self._threads = [
            threading.Thread(target=self._work, name=f"prepare-{number}", daemon=True)
            for number in range(threads)
        ]

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait until the queue's end has reached every thread."""
        for thread in self._threads:
            thread.join(timeout=timeout_s)

    def _work(self) -> None:
        while (work := self._queue.take_raw()) is not None:
            self._queue.made_ready(work, self._outcome(work))

    def _outcome(self, work: WorkItem) -> Prepared | CuestreamError:
        try:
            return self._prepare(work.payload)
        except CuestreamError as error:
            return error
        except Exception as error:
            log.error("engine defect", exc_info=error)
            return EngineError(f"The engine failed: {type(error).__name__}")
