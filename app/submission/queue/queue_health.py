"""The health page of a queue, of one process alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from app.container import Services
from app.submission.envelopes.envelope import Payload
from app.submission.queue.ticket import Ticket


def queue_health(services: Services, tickets: Iterable[Ticket], totals: Counter[str]) -> Payload:
    """Return the counts of jobs and of workers.

    Args:
        services: of the process.
        tickets: that it keeps.
        totals: of jobs by the status that they ended with, and of retries.
    """
    ready = services.readiness.state == "ready"
    busy = bool(services.runner.calls or services.runner.running)
    now = Counter(ticket.status for ticket in tickets)
    return {
        "status": "ok",
        "jobs": {
            "completed": totals["COMPLETED"],
            "failed": totals["FAILED"] + totals["TIMED_OUT"],
            "inProgress": now["IN_PROGRESS"],
            "inQueue": now["IN_QUEUE"],
            "retried": totals["retried"],
        },
        "workers": {
            "idle": int(ready and not busy),
            "initializing": int(not ready),
            "ready": int(ready),
            "running": int(ready and busy),
            "throttled": 0,
            "unhealthy": int(services.readiness.state in {"failed", "stalled"}),
        },
    }
