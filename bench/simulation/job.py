"""A job of the simulation: the windows of one video for one language, in playback order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import simpy

from app.gpu.work_context import WorkContext
from bench.simulation.trace import Arrival

FIRST_S, WINDOW_S = 10.0, 28.0
"""Lengths of windows: the first one of a part, and the others."""
_NEAR_S = 20.0
"""A position no further ahead is reached soonest without a new part, as in the product."""

Key = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a video in seconds."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Its length."""
        return self.end_s - self.start_s


@dataclass(slots=True, eq=False)
class Job:
    """The work for all viewers of one video in one language.

    Attributes:
        key: video and language; equal requests share the job.
        length_s: of the video.
        context: its scheduling attributes, as in the product.
        pending: stretches that were not cut into windows yet, in playback order.
        done: stretches whose cues are there.
        readers: viewers who follow it.
        finished: happens with its end.
    """

    env: simpy.Environment
    key: Key
    length_s: float
    context: WorkContext
    pending: list[Stretch]
    done: list[Stretch] = field(default_factory=list)
    waiting: list[tuple[float, simpy.Event]] = field(default_factory=list)
    cut: int = 0
    readers: int = 0
    finished: simpy.Event = field(init=False)
    _fresh_part: bool = True

    def __post_init__(self) -> None:
        self.finished = self.env.event()

    @classmethod
    def of(cls, env: simpy.Environment, arrival: Arrival, number: int) -> Job:
        """Return the job of a viewer who comes first."""
        position = arrival.position_s
        context = WorkContext(f"job {number}", position_ms=round(position * 1000))
        pending = [Stretch(position, arrival.length_s), Stretch(0.0, position)]
        key = (arrival.source, arrival.language)
        return cls(env, key, arrival.length_s, context, [each for each in pending if each.length_s])

    def watch(self, position_s: float) -> simpy.Event:
        """Return what happens once the cues at a position are there; work goes there next."""
        event = self.env.event()
        if self.covers(position_s):
            return event.succeed()
        self.waiting.append((position_s, event))
        self.context.position_ms = round(position_s * 1000)
        self._move(position_s)
        return event

    def covers(self, position_s: float) -> bool:
        """Whether the cues at a position are there."""
        return any(each.start_s <= position_s < each.end_s for each in self.done)

    def next_window(self) -> Stretch | None:
        """Cut the next window; None once all is cut."""
        if not self.pending:
            return None
        part = self.pending.pop(0)
        longest_s = FIRST_S if self._fresh_part else WINDOW_S
        self._fresh_part = False
        window = Stretch(part.start_s, min(part.end_s, part.start_s + longest_s))
        if window.end_s < part.end_s:
            self.pending.insert(0, Stretch(window.end_s, part.end_s))
        self.cut += 1
        return window

    def complete(self, window: Stretch) -> None:
        """Record that the cues of a window are there."""
        self.done.append(window)
        left = []
        for position_s, event in self.waiting:
            if window.start_s <= position_s < window.end_s:
                event.succeed()
            else:
                left.append((position_s, event))
        self.waiting = left

    def _move(self, position_s: float) -> None:
        """Go on at a position next, unless it is reached soon or being worked on."""
        for place, part in enumerate(self.pending):
            if part.start_s <= position_s < part.end_s:
                if place == 0 and position_s - part.start_s <= _NEAR_S:
                    return
                self.pending[place : place + 1] = list(_split(part, position_s))
                ahead = [each for each in self.pending if each.start_s >= position_s]
                behind = [each for each in self.pending if each.start_s < position_s]
                self.pending = sorted(ahead, key=_start) + sorted(behind, key=_start)
                self._fresh_part = True
                return


def _start(stretch: Stretch) -> float:
    return stretch.start_s


def _split(part: Stretch, position_s: float) -> Iterator[Stretch]:
    if part.start_s < position_s:
        yield Stretch(part.start_s, position_s)
    yield Stretch(position_s, part.end_s)


def windows_of(length_s: float) -> int:
    """Return the number of windows of a video that is watched from its start."""
    return 1 + math.ceil(max(0.0, length_s - FIRST_S) / WINDOW_S)
