"""Windows of speech to segments, several windows at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from app.domain.transcript import Segment
from app.services.playback.playback import Playback
from app.services.stages.vad import SpeechWindow
from app.services.stages.window_transcriber import WindowTranscriber
from app.system.async_iterators import close_stage

_WITH_NEXT_PART = 2
"""Parts of the recording, each with its share in flight: the one that is watched and what is left
of the one before."""

_WITH_JUMPS = 3
"""Shares that are in flight at most. What a viewer leaves is cut short and started without
waiting, so that nothing waits behind it."""


@dataclass(slots=True, eq=False)
class _InFlight:
    window: SpeechWindow
    task: asyncio.Task[list[Segment]]


@dataclass(slots=True, eq=False)
class _WindowRun:
    """Windows of one stretch, in order."""

    flown: deque[_InFlight] = field(default_factory=deque)

    def split(self, position_ms: int) -> _WindowRun | None:
        """Part with the windows from a position on; None where all or none of them are."""
        ends = [each.window.audio.span.end_ms > position_ms for each in self.flown]
        if not any(ends) or ends[0]:
            return None
        at = ends.index(True)
        rest = _WindowRun(deque(list(self.flown)[at:]))
        self.flown = deque(list(self.flown)[:at])
        return rest


class InFlightWindows:
    """Hears windows as they are cut, several at a time.

    The windows of each part of the recording are a run of their own. When the viewer jumps to a
    window that is on its way, a new run begins with it, so that it waits for none before it.

    Args:
        ear: hears a window.
        playback: what he is about to see is given first, where there is a choice.
        share: windows of one part that are heard or wait to be taken, at most.
    """

    def __init__(self, ear: WindowTranscriber, playback: Playback, share: int) -> None:
        self._ear = ear
        self._playback = playback
        self._share = share
        self._runs: list[_WindowRun] = []
        self._newest: dict[int, _WindowRun] = {}
        self._changed = asyncio.Event()
        self._over = False

    async def feed(self, windows: AsyncIterator[SpeechWindow]) -> None:
        """Start to hear every window as soon as there is room for it."""
        try:
            async for window in windows:
                while not self._has_room(window.part):
                    await self._change()
                self._start(window)
        finally:
            self._over = True
            self._changed.set()
            await close_stage(windows)

    async def next(self) -> list[Segment] | None:
        """Return the segments of the next window; None after the last one.

        Raises:
            Whatever hearing the window raised.
        """
        while (run := self._ready()) is None:
            if self._over and not self._runs:
                return None
            await self._change()
        flown = run.flown.popleft()
        if not run.flown:
            self._runs.remove(run)
        self._changed.set()
        return flown.task.result()

    def turn(self) -> None:
        """The viewer has jumped."""
        for run in tuple(self._runs):
            rest = run.split(self._playback.position_ms)
            if rest is not None:
                window = rest.flown[0].window
                self._playback.ranges.begin(window.audio.span.start_ms)
                self._runs.append(rest)
                if self._newest.get(window.part) is run:
                    self._newest[window.part] = rest
        self._changed.set()

    async def give_up(self) -> None:
        """Withdraw what is on its way."""
        tasks = [each.task for run in self._runs for each in run.flown]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _has_room(self, part: int) -> bool:
        flown = [each.window.part for run in self._runs for each in run.flown]
        if len(flown) >= _WITH_JUMPS * self._share:
            return False
        if self._playback.moved:
            return True
        return len(flown) < _WITH_NEXT_PART * self._share and flown.count(part) < self._share

    def _start(self, window: SpeechWindow) -> None:
        task = asyncio.create_task(self._ear.hear(window))
        task.add_done_callback(lambda _: self._changed.set())
        run = self._newest.get(window.part)
        if run is None or run not in self._runs:
            run = self._newest[window.part] = _WindowRun()
            self._runs.append(run)
        run.flown.append(_InFlight(window, task))

    def _ready(self) -> _WindowRun | None:
        """Return the run whose first window is heard and nearest after the viewer."""
        ready = [run for run in self._runs if run.flown[0].task.done()]
        return min(ready, key=self._distance, default=None)

    def _distance(self, run: _WindowRun) -> tuple[bool, int]:
        span = run.flown[0].window.audio.span
        return span.end_ms <= self._playback.position_ms, span.start_ms

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


_LEAST_IN_FLIGHT = 4
_MOST_IN_FLIGHT = 24
"""Windows of one part of a job that wait or are being decoded: enough to fill a batch and have
the next one ready, but a window of 30 s is 2 MB of samples."""


async def transcribe(
    windows: AsyncIterator[SpeechWindow], ear: WindowTranscriber, playback: Playback
) -> AsyncIterator[Segment]:
    """Yield the segments of each window.

    Yields:
        Segments in order within each stretch of ``playback.ranges``. Where a viewer jumps, the
        segments of several stretches may alternate.

    Raises:
        EngineError: the engine failed on a window.
    """
    share = min(max(_LEAST_IN_FLIGHT, 2 * ear.capacity), _MOST_IN_FLIGHT)
    flight = InFlightWindows(ear, playback, share)
    feeder = asyncio.create_task(flight.feed(windows))
    stop = playback.listen(flight.turn)
    try:
        while (segments := await flight.next()) is not None:
            for segment in segments:
                yield segment
        await feeder
    finally:
        stop()
        feeder.cancel()
        await asyncio.gather(feeder, return_exceptions=True)
        await flight.give_up()
