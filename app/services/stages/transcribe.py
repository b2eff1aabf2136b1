"""Transcription of speech windows, several at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from app.domain.transcript import Segment
from app.services.playback.playback import Playback
from app.services.stages.language_history import LanguageHistory, better
from app.services.stages.vad import SpeechWindow
from app.system.async_iterators import close_stage

_WITH_NEXT_PART = 2
"""Parts of the recording, each with its share in flight: the watched one and the rest of the one
before."""

_WITH_JUMPS = 3
"""Shares in flight at most. The part that a viewer leaves ends with a short window, which starts
without waiting, so that nothing waits behind it."""


_LEAST_BEFORE_FIRST = 2
"""Windows of a part in flight until any one is done: the first, and one that is ready then."""

_LEAST_IN_FLIGHT = 4
_MOST_IN_FLIGHT = 24
"""Windows of one part of a job that wait or are being decoded: enough to fill a batch and have
the next one ready, but a window of 30 s is 2 MB of samples."""


class TranscribesWindows(Protocol):
    """Turns windows of one job into segments."""

    @property
    def capacity(self) -> int:
        """Windows that the device transcribes at a time, of all jobs."""
        ...

    def speaking(self, language: str) -> TranscribesWindows:
        """Return one for windows of the same job in which a language is spoken, a BCP 47 tag."""
        ...

    async def transcribe(self, window: SpeechWindow) -> list[Segment]:
        """Return the segments of a window.

        Raises:
            EngineError: the engine failed on it.
            JobCancelledError: the job was cancelled.
        """
        ...


@dataclass(slots=True, eq=False)
class _InFlight:
    window: SpeechWindow
    task: asyncio.Task[list[Segment]]


@dataclass(slots=True, eq=False)
class _WindowRun:
    """Windows of one range of the recording, in order."""

    windows: deque[_InFlight] = field(default_factory=deque)

    def split(self, position_ms: int) -> _WindowRun | None:
        """Split off the windows from a position on; None where that would be all or none."""
        ends = [each.window.audio.span.end_ms > position_ms for each in self.windows]
        if not any(ends) or ends[0]:
            return None
        at = ends.index(True)
        rest = _WindowRun(deque(list(self.windows)[at:]))
        self.windows = deque(list(self.windows)[:at])
        return rest


class InFlightWindows:
    """The windows of one job that are being transcribed, bounded in number.

    Until one is done, a part has no more than the device transcribes at a time. What reads the
    recording further ahead computes too, and on a CPU would take its share from the first text.

    The windows of each part of the recording are a run of their own. When the viewer jumps to a
    window that is in flight, a new run begins with it, so that it waits for none before it.

    Args:
        transcriber: of single windows.
        playback: decides which finished window is returned first.
        share: windows of one part that are in flight at most, finished ones included.
    """

    def __init__(self, transcriber: TranscribesWindows, playback: Playback, share: int) -> None:
        self._transcriber = transcriber
        self._playback = playback
        self._share = share
        self._runs: list[_WindowRun] = []
        self._newest: dict[int, _WindowRun] = {}
        self._changed = asyncio.Event()
        self._is_any_done = False
        self._over = False

    async def feed(self, windows: AsyncIterator[SpeechWindow]) -> None:
        """Start the transcription of every window as soon as there is room for it."""
        try:
            async for window in windows:
                while not self._has_room(window.part):
                    await self._change()
                self._start(window)
        finally:
            self._over = True
            self._changed.set()
            await close_stage(windows)

    async def next(self) -> tuple[SpeechWindow, list[Segment]] | None:
        """Return the next window and its segments; None after the last one.

        Raises:
            CuestreamError: the transcription of the window failed.
        """
        while (run := self._ready()) is None:
            if self._over and not self._runs:
                return None
            await self._change()
        first = run.windows.popleft()
        if not run.windows:
            self._runs.remove(run)
        self._changed.set()
        return first.window, first.task.result()

    def viewer_moved(self) -> None:
        """Begin a new run at the window that the viewer has jumped to."""
        for run in tuple(self._runs):
            rest = run.split(self._playback.position_ms)
            if rest is not None:
                window = rest.windows[0].window
                self._playback.ranges.begin(window.audio.span.start_ms)
                self._runs.append(rest)
                if self._newest.get(window.part) is run:
                    self._newest[window.part] = rest
        self._changed.set()

    async def cancel(self) -> None:
        """Cancel the windows in flight."""
        tasks = [each.task for run in self._runs for each in run.windows]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _has_room(self, part: int) -> bool:
        parts = [each.window.part for run in self._runs for each in run.windows]
        if len(parts) >= _WITH_JUMPS * self._share:
            return False
        if self._playback.moved:
            return True
        share = self._share
        if not self._is_any_done:
            share = min(share, max(_LEAST_BEFORE_FIRST, self._transcriber.capacity))
        return len(parts) < _WITH_NEXT_PART * self._share and parts.count(part) < share

    def _start(self, window: SpeechWindow) -> None:
        task = asyncio.create_task(self._transcriber.transcribe(window))
        task.add_done_callback(self._note_done)
        run = self._newest.get(window.part)
        if run is None or run not in self._runs:
            run = self._newest[window.part] = _WindowRun()
            self._runs.append(run)
        run.windows.append(_InFlight(window, task))

    def _note_done(self, _: asyncio.Task[list[Segment]]) -> None:
        self._is_any_done = True
        self._changed.set()

    def _ready(self) -> _WindowRun | None:
        """Return the run whose first window is finished and nearest after the viewer."""
        ready = [run for run in self._runs if run.windows[0].task.done()]
        return min(ready, key=self._distance, default=None)

    def _distance(self, run: _WindowRun) -> tuple[bool, int]:
        span = run.windows[0].window.audio.span
        return span.end_ms <= self._playback.position_ms, span.start_ms

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


async def transcribe(
    windows: AsyncIterator[SpeechWindow], transcriber: TranscribesWindows, playback: Playback
) -> AsyncIterator[Segment]:
    """Yield the segments of each window.

    Where the language of a window was in doubt and is not the one of the recording so far, the
    window is transcribed in that one too, and the likelier words are taken.

    Yields:
        Segments in order within each of ``playback.ranges``. Where a viewer jumps, the segments
        of several ranges may alternate.

    Raises:
        EngineError: the engine failed on a window.
    """
    share = min(max(_LEAST_IN_FLIGHT, 2 * transcriber.capacity), _MOST_IN_FLIGHT)
    in_flight = InFlightWindows(transcriber, playback, share)
    feeder = asyncio.create_task(in_flight.feed(windows))
    stop = playback.listen(in_flight.viewer_moved)
    try:
        history = LanguageHistory()
        while (finished := await in_flight.next()) is not None:
            window, segments = finished
            if (expected := history.instead_of(segments)) is not None:
                again = await transcriber.speaking(expected).transcribe(window)
                segments = list(better(segments, again))
            history.add(segments)
            for segment in segments:
                yield segment
        await feeder
    finally:
        stop()
        feeder.cancel()
        await asyncio.gather(feeder, return_exceptions=True)
        await in_flight.cancel()
