"""Fair shares of a device, counted in seconds of audio.

Source: start-time fair queueing (Goyal, Vin and Cheng 1996). Each flow has a virtual start time
of its next item (its start tag); the flow with the earliest is served next, and the clock stands
at the start tag of the item that was served last. A flow that arrives, or returns, begins at the
clock's time: it neither has to make up for what others received, nor is it owed the time of its
absence.
"""

from __future__ import annotations

from collections.abc import Hashable

from app.gpu.work_context import WorkContext

VIEWER_WEIGHT = 4.0
"""How many times as much a job with a viewer gets as one without, where waiting has brought both
to one priority. Without it, eight patient batch jobs would leave a viewer a ninth of a slow
device, which is less than he watches."""


class VirtualClock:
    """Virtual time of the flows that share a resource."""

    def __init__(self) -> None:
        self._now = 0.0
        self._ends: dict[Hashable, float] = {}

    def start_tag(self, flow: Hashable) -> float:
        """Return the virtual time at which a flow's next item would start."""
        return max(self._now, self._ends.get(flow, 0.0))

    def charge(self, flow: Hashable, cost: float) -> None:
        """Record that a flow's next item is served."""
        self._now = self.start_tag(flow)
        self._ends[flow] = self._now + cost
        for other in [other for other, end in self._ends.items() if end <= self._now]:
            del self._ends[other]

    def __contains__(self, flow: Hashable) -> bool:
        return flow in self._ends


class FairShares:
    """Device time received: first shared between callers, then between the jobs of each.

    Without API keys callers cannot be distinguished, so each job counts for itself.
    """

    def __init__(self) -> None:
        self._callers = VirtualClock()
        self._jobs: dict[tuple[str, str], VirtualClock] = {}

    def start_tag(self, context: WorkContext) -> tuple[float, float]:
        """Return the start tag of a job's next item; the smallest is served next."""
        caller = _caller(context)
        jobs = self._jobs.get(caller)
        return (self._callers.start_tag(caller), jobs.start_tag(context.job) if jobs else 0.0)

    def charge(self, context: WorkContext, audio_s: float) -> None:
        """Record that a job was given the device for so many seconds of audio."""
        cost = audio_s / (VIEWER_WEIGHT if context.audience == "viewer" else 1.0)
        caller = _caller(context)
        self._callers.charge(caller, cost)
        self._jobs.setdefault(caller, VirtualClock()).charge(context.job, cost)
        for other in [other for other in self._jobs if other not in self._callers]:
            del self._jobs[other]


def _caller(context: WorkContext) -> tuple[str, str]:
    return ("caller", context.caller) if context.caller else ("job", context.job)
