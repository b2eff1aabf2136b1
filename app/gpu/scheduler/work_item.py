"""Unit of work that waits for a device."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from app.domain.errors import CuestreamError, JobCancelledError
from app.domain.time import Span
from app.gpu.protocols import Prepared
from app.gpu.work_context import WorkContext

EngineStage = Literal["transcribe", "align", "diarize", "cluster"]
"""Step of inference; ``cluster`` is the end of diarization, which needs no device."""

ENGINE_STAGES: tuple[EngineStage, ...] = ("transcribe", "align", "diarize", "cluster")

PreparationState = Literal["raw", "preparing", "ready"]


class PendingResult:
    """A future of an event loop that any thread may resolve."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self._loop.create_future()

    def resolve(self, result: object) -> None:
        """Set the result, or one of our errors as the exception; later calls are ignored."""
        # On a loop that has ended no coroutine waits.
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
    """An entry of the queue; changed only under the queue's lock, or by the thread that took it.

    Attributes:
        stage: step of inference.
        context: of its job.
        index: place of its window in its request, counted from 0.
        span: its place in the recording.
        payload: input of the engine.
        result: future of the coroutine that waits for it.
        cancelled: cancels this item alone; the context's event cancels the job.
        queued_at_s: monotonic time at which it began to wait.
        batch_key: items with equal stages and keys may share a batch.
        attempt: decodings so far whose result was not good enough.
        padded_s: its duration after padding.
        state: of its preparation.
        withdrawn: the waiting coroutine was cancelled.
    """

    stage: EngineStage
    context: WorkContext
    index: int
    span: Span
    payload: Any
    result: PendingResult
    cancelled: threading.Event
    queued_at_s: float
    batch_key: Hashable = None
    attempt: int = 0
    padded_s: float = 0.0
    state: PreparationState = "ready"
    withdrawn: bool = False

    @property
    def duration_s(self) -> float:
        """Duration of its audio."""
        return self.span.duration_ms / 1000

    @property
    def is_cancelled(self) -> bool:
        """Whether its result is no longer wanted."""
        return self.withdrawn or self.cancelled.is_set() or self.context.cancelled.is_set()

    @property
    def has_viewer(self) -> bool:
        """Whether a viewer watches the job's cues as they come."""
        return self.context.audience == "viewer"

    def set_prepared(self, prepared: Prepared) -> None:
        """Replace the payload by the prepared window.

        Raises:
            TypeError: its batch key is not hashable.
        """
        hash(prepared.batch_key)
        self.payload, self.batch_key = prepared, prepared.batch_key
        self.attempt = prepared.attempt
        self.padded_s = prepared.padded_ms / 1000 or self.duration_s
        self.state = "ready"

    def drop(self) -> None:
        """Resolve its result with a cancellation error."""
        self.result.resolve(JobCancelledError("Nobody waits for this any more"))


def new_work_item(
    stage: EngineStage, context: WorkContext, index: int, span: Span, payload: object
) -> WorkItem:
    """Return an item that begins to wait now, with a result on the running event loop."""
    return WorkItem(
        stage=stage,
        context=context,
        index=index,
        span=span,
        payload=payload,
        result=PendingResult(),
        cancelled=threading.Event(),
        queued_at_s=time.monotonic(),
        padded_s=span.duration_ms / 1000,
    )
