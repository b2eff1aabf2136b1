"""Fair shares of a device, counted in seconds of sound.

Source: start-time fair queueing (Goyal, Vin and Cheng 1996). Each flow has a virtual time at
which its next piece would start; the flow with the earliest goes next, and the clock stands at
the start of the piece that was served last. A flow that comes, or comes back, begins at the
clock's time: it neither has to make up for what others had, nor is it owed the time of its
absence.
"""

from __future__ import annotations

from collections.abc import Hashable

from app.gpu.work_context import WorkContext

VIEWER_WEIGHT = 4.0
"""How many times as much a job that somebody watches gets as one that nobody watches, where
waiting has brought both into one class. Without it, eight patient batch jobs would leave a viewer
a ninth of a slow device, which is less than he watches."""


class FairClock:
    """The virtual time of flows that share something."""

    def __init__(self) -> None:
        self._now = 0.0
        self._ends: dict[Hashable, float] = {}

    def start(self, flow: Hashable) -> float:
        """Return the virtual time at which a flow's next piece would start."""
        return max(self._now, self._ends.get(flow, 0.0))

    def serve(self, flow: Hashable, cost: float) -> None:
        """Note that a flow's next piece is served."""
        self._now = self.start(flow)
        self._ends[flow] = self._now + cost
        for other in [other for other, end in self._ends.items() if end <= self._now]:
            del self._ends[other]

    def __contains__(self, flow: Hashable) -> bool:
        return flow in self._ends


class Shares:
    """Who had how much: first between callers, then between the jobs of each.

    Without keys nobody can tell callers apart, so each job counts for itself.
    """

    def __init__(self) -> None:
        self._callers = FairClock()
        self._jobs: dict[tuple[str, str], FairClock] = {}

    def turn(self, context: WorkContext) -> tuple[float, float]:
        """Return when a job's next piece would start; the smallest goes next."""
        caller = _caller(context)
        jobs = self._jobs.get(caller)
        return (self._callers.start(caller), jobs.start(context.job) if jobs else 0.0)

    def serve(self, context: WorkContext, seconds: float) -> None:
        """Note that a job was given the device for so many seconds of sound."""
        cost = seconds / (VIEWER_WEIGHT if context.audience == "viewer" else 1.0)
        caller = _caller(context)
        self._callers.serve(caller, cost)
        self._jobs.setdefault(caller, FairClock()).serve(context.job, cost)
        for other in [other for other in self._jobs if other not in self._callers]:
            del self._jobs[other]


def _caller(context: WorkContext) -> tuple[str, str]:
    return ("caller", context.caller) if context.caller else ("job", context.job)
