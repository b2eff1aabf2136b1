"""The line that somebody is still speaking."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

from app.domain.audio import Audio
from app.domain.errors import CuestreamError
from app.domain.transcript import Segment
from app.gpu.protocols import Window
from app.gpu.scheduler import Scheduler
from app.gpu.work_context import WorkContext

_PLACE = 1
"""Place in the queue: after first windows and finished lines, with what viewers see next."""


class Partial:
    """Transcribes the open window again and again, one time after the other.

    Args:
        scheduler: the queue that all requests share.
        context: whose stream it is.
        every_ms: further speech after which the words are worth another look; 0 for never.
        tell: is given what was heard, unless the line was finished meanwhile.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        context: WorkContext,
        every_ms: int,
        tell: Callable[[Sequence[Segment]], Awaitable[None]],
    ) -> None:
        self._scheduler = scheduler
        self._context = context
        self._every_ms = every_ms
        self._tell = tell
        self._looked_ms = 0
        self._task: asyncio.Task[None] | None = None
        self._cancelled = threading.Event()

    def look(self, audio: Audio | None, language: str | None) -> None:
        """Transcribe an open window if there is enough new in it and the engine has time."""
        if audio is None or not self._every_ms or self._task is not None:
            return
        length_ms = audio.span.duration_ms
        if length_ms - self._looked_ms < self._every_ms:
            return
        if self._scheduler.crowded:
            return
        # Whoever speaks live is watched where he speaks.
        self._context.position_ms = audio.span.start_ms
        self._looked_ms = length_ms
        self._cancelled = threading.Event()
        window = Window(audio, language, cancelled=self._cancelled)
        self._task = asyncio.create_task(self._hear(window), name="live-partial")

    def drop(self) -> None:
        """The line is finished: what is under way must not be told any more."""
        self._cancelled.set()
        self._looked_ms = 0
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _hear(self, window: Window) -> None:
        segments: Sequence[Segment] = ()
        try:
            segments = await self._scheduler.transcribe(window, self._context, _PLACE)
        except CuestreamError:
            # The finished line will meet the same failure and tell of it.
            return
        finally:
            if not window.cancelled.is_set():
                self._task = None
        if segments and not window.cancelled.is_set():
            await self._tell(segments)
