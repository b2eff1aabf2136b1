"""The viewer of a job: where he is in the recording, and what he has been shown."""

from __future__ import annotations

from collections.abc import Callable

from app.gpu.work_context import WorkContext
from app.services.playback.ranges import Coverage, PlaybackRanges


class Playback:
    """Who watches a job's recording; when he jumps, whoever chooses what is next hears of it.

    Args:
        context: tells the queue ahead of the device where he is.

    Attributes:
        ranges: of the recording, as they are worked on.
        shown: how far the final cues go in each of them.
        moved: whether he has jumped and nobody has decided yet what that means.
    """

    def __init__(self, context: WorkContext) -> None:
        self.context = context
        self.ranges = PlaybackRanges()
        self.shown = Coverage(self.ranges)
        self.moved = False
        self._listeners: set[Callable[[], None]] = set()

    @property
    def position_ms(self) -> int:
        """Where he watches."""
        return self.context.position_ms

    def move(self, position_ms: int) -> None:
        """He watches somewhere else from now on."""
        self.context.position_ms = position_ms
        self.moved = True
        for listener in tuple(self._listeners):
            listener()

    def settle(self) -> None:
        """It is decided what is heard for him next."""
        self.moved = False

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call a function after each move; return what ends that."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)
