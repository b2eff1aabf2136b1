"""One piece of work that waits for a device."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from app.domain.errors import CuestreamError, JobCancelledError
from app.domain.time import Span
from app.gpu.protocols import Prepared
from app.gpu.work_context import WorkContext

Stage = Literal["transcribe", "align", "diarize", "cluster"]
"""What is to be done with the sound; ``cluster`` is the end of diarization, which needs no
device."""

STAGES: tuple[Stage, ...] = ("transcribe", "align", "diarize", "cluster")

State = Literal["raw", "preparing", "ready"]


class Answer:
    """Where a result goes: a future of an event loop, filled from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self._loop.create_future()

    def give(self, result: object) -> None:
        """Hand over a result, or an error of ours as the failure; later ones are ignored."""
        # A loop that has ended has nobody left who waits.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._settle, result)

    def _settle(self, result: object) -> None:
        if self.future.done():
            return
        if isinstance(result, CuestreamError):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)


@dataclass(slots=True, eq=False)
class WorkItem:
    """What the queue holds; changed only under the queue's lock, or by the thread that took it.

    Attributes:
        stage: what is to be done.
        context: whose it is.
        index: place of its window in its request, counted from 0.
        span: which stretch of the recording it is about.
        payload: what the engine is given.
        answer: who waits.
        cancelled: withdraws this piece alone; the ticket's withdraws the job.
        since_s: when it began to wait.
        key: pieces with equal stages and keys may share a call.
        attempt: how often it was decoded without a good result.
        padded_s: seconds that it is computed at, silence at its end included.
        state: whether it is made ready for its device.
        withdrawn: the caller stopped waiting.
    """

    stage: Stage
    context: WorkContext
    index: int
    span: Span
    payload: Any
    answer: Answer
    cancelled: threading.Event
    since_s: float
    key: Hashable = None
    attempt: int = 0
    padded_s: float = 0.0
    state: State = "ready"
    withdrawn: bool = False

    @property
    def seconds(self) -> float:
        """Length of its sound."""
        return self.span.duration_ms / 1000

    @property
    def unwanted(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.withdrawn or self.cancelled.is_set() or self.context.cancelled.is_set()

    @property
    def watched(self) -> bool:
        """Whether somebody watches the job's cues as they come."""
        return self.context.audience == "viewer"

    def ready_as(self, prepared: Prepared) -> None:
        """Take what the engine made of the window.

        Raises:
            TypeError: its key cannot be compared with others.
        """
        hash(prepared.batch_key)
        self.payload, self.key = prepared, prepared.batch_key
        self.attempt = prepared.attempt
        self.padded_s = prepared.padded_ms / 1000 or self.seconds
        self.state = "ready"

    def drop(self) -> None:
        """Tell whoever still waits that it will not be done."""
        self.answer.give(JobCancelledError("Nobody waits for this any more"))
