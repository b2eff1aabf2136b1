"""Playback state of a job's recording by its viewer."""

from __future__ import annotations

from collections.abc import Callable

from app.gpu.work_context import WorkContext
from app.services.playback.ranges import Coverage, PlaybackRanges


class Playback:
    """Position of the viewer, with the ranges of the recording that are processed for it.

    Args:
        context: gives the position to the scheduler of the device.

    Attributes:
        context: of the work for the job.
        ranges: of the recording, in the order of processing.
        shown: how far the final cues go in each of them.
        moved: whether the position has changed since the last :meth:`settle`.
    """

    def __init__(self, context: WorkContext) -> None:
        self.context = context
        self.ranges = PlaybackRanges()
        self.shown = Coverage(self.ranges)
        self.moved = False
        self._listeners: set[Callable[[], None]] = set()

    @property
    def position_ms(self) -> int:
        """Position in the recording that the viewer watches."""
        return self.context.position_ms

    def move(self, position_ms: int) -> None:
        """Set the position after a seek, then call the listeners."""
        self.context.position_ms = position_ms
        self.moved = True
        for listener in tuple(self._listeners):
            listener()

    def settle(self) -> None:
        """Mark the last move as handled: the next range to process is chosen."""
        self.moved = False

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call a function after each move; return a function that ends that."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)
