"""Transcriber of the open window of a live stream."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

from app.domain.audio import Audio
from app.domain.errors import CuestreamError
from app.domain.request import Task
from app.domain.transcript import Segment
from app.gpu.protocols import Window
from app.gpu.scheduler import Scheduler
from app.gpu.work_context import WorkContext

_QUEUE_PLACE = 1
"""Scheduler place: after first and finished windows, with what viewers see next."""


class PartialTranscriber:
    """Transcribes the open window repeatedly while it grows, one request at a time.

    Args:
        scheduler: the queue that all requests share.
        context: the stream's work context.
        every_ms: further speech after which the window is transcribed again; 0 for never.
        send: receives the segments, unless the window was finished meanwhile.
        task: whether the speech is transcribed or translated.
        prompt: words that are likely to occur.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        context: WorkContext,
        every_ms: int,
        send: Callable[[Sequence[Segment]], Awaitable[None]],
        task: Task = "transcribe",
        prompt: str = "",
    ) -> None:
        self._scheduler = scheduler
        self._context = context
        self._every_ms = every_ms
        self._send = send
        self._task_of_window: Task = task
        self._prompt = prompt
        self._transcribed_ms = 0
        self._task: asyncio.Task[None] | None = None
        self._cancelled = threading.Event()

    def update(self, audio: Audio | None, language: str | None) -> None:
        """Transcribe an open window if it has grown enough and the scheduler is not crowded."""
        if audio is None or not self._every_ms or self._task is not None:
            return
        length_ms = audio.span.duration_ms
        if length_ms - self._transcribed_ms < self._every_ms:
            return
        if self._scheduler.crowded:
            return
        # The playback position of a live stream is where its speaker is.
        self._context.position_ms = audio.span.start_ms
        self._transcribed_ms = length_ms
        self._cancelled = threading.Event()
        window = Window(
            audio, language, self._prompt, cancelled=self._cancelled, task=self._task_of_window
        )
        self._task = asyncio.create_task(self._transcribe(window), name="live-partial")

    def cancel(self) -> None:
        """Cancel the request in flight: the window is finished."""
        self._cancelled.set()
        self._transcribed_ms = 0
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _transcribe(self, window: Window) -> None:
        segments: Sequence[Segment] = ()
        try:
            segments = await self._scheduler.transcribe(window, self._context, _QUEUE_PLACE)
        except CuestreamError:
            # The finished window meets the same failure and reports it.
            return
        finally:
            if not window.cancelled.is_set():
                self._task = None
        if segments and not window.cancelled.is_set():
            await self._send(segments)
