"""Pace of one kind of work, and the time that the rest of it takes."""

from __future__ import annotations

from dataclasses import dataclass

_PAUSE_MS = 200
"""A longer pause separates two bursts of results. Those of one batch follow within milliseconds."""

_LONGEST_BURST_MS = 2_000
"""What comes without a pause is divided into bursts of this length."""

_LEAST_MARKS = 2
"""Ends of bursts between which a pace is measured."""

_CACHE_PACE = 3
"""A first burst that is so many times quicker than what follows was not worked for."""


@dataclass(frozen=True, slots=True)
class _Mark:
    at_ms: int
    done_ms: int


class WorkPace:
    """Pace of work whose results come in bursts, such as an engine's batches.

    Between the ends of two bursts as much time passed as the later ones took. So the pace is
    measured from the end of a burst to the end of another one, never from the start: that time
    holds what is done once (models that warm up, the first bytes), and what a cache gave at once
    took no time. It is the pace of the later half of that time, so that it follows an engine that
    gets other work beside.
    """

    def __init__(self) -> None:
        self._marks: list[_Mark] = []
        self._burst_ms = 0
        self._latest: _Mark | None = None
        self._is_worked = False

    def reached(self, done_ms: int, at_ms: int) -> None:
        """Note how much is done.

        Args:
            done_ms: media time that is done.
            at_ms: time since the job's begin; never less than before.
        """
        latest = self._latest
        if latest is None:
            self._burst_ms = at_ms
        elif at_ms - latest.at_ms >= _PAUSE_MS or at_ms - self._burst_ms >= _LONGEST_BURST_MS:
            self._marks.append(latest)
            self._burst_ms = at_ms
            if not self._is_worked and len(self._marks) == _LEAST_MARKS:
                self._is_worked = True
                if self._begins_with_a_cache():
                    del self._marks[0]
        self._latest = _Mark(at_ms, done_ms)

    def _begins_with_a_cache(self) -> bool:
        """Whether the first burst came far too quickly to be work.

        The time after it then holds the begin of the work too.
        """
        first, second = self._marks
        usual = (second.done_ms - first.done_ms) / max(1, second.at_ms - first.at_ms)
        return first.done_ms / max(1, first.at_ms) > _CACHE_PACE * usual

    def remaining_ms(self, total_ms: int, at_ms: int) -> float | None:
        """Return the time for the rest at this pace; None where that is not known, or has passed.

        Args:
            total_ms: media time of all the work.
            at_ms: time since the job's begin.
        """
        usual = self.usual
        if self._latest is None or not usual:
            return None
        left_ms = max(0, total_ms - self._latest.done_ms) / usual
        left_ms -= at_ms - self._latest.at_ms
        return left_ms if left_ms > 0 else None

    @property
    def usual(self) -> float:
        """Media time by time; 0 before that is known."""
        if len(self._marks) < _LEAST_MARKS:
            return 0.0
        last = self._marks[-1]
        half_ms = (self._marks[0].at_ms + last.at_ms) / 2
        base = max((m for m in self._marks if m.at_ms <= half_ms), key=lambda mark: mark.at_ms)
        return (last.done_ms - base.done_ms) / (last.at_ms - base.at_ms)
