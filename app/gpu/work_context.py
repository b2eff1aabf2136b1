"""Whose work a device does: one ticket for each job, shown with every piece of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from app.domain.request import Audience


@dataclass(slots=True, eq=False)
class WorkContext:
    """Tells the queue ahead of a device whom a piece of work is for.

    A ticket is the one thing in the queue that changes under it: a viewer who jumps, or who joins
    a job that nobody watched, moves all of the job's waiting work at once. Single attributes are
    written by the event loop and read by engine threads.

    Attributes:
        job: name of the job.
        caller: who pays, as a name that is no secret; empty where nobody has a key.
        audience: whether somebody watches the job's cues as they come.
        position_ms: where the viewer watches, in the recording.
        cancelled: set when nobody wants the job any more.
    """

    job: str
    caller: str = ""
    audience: Audience = "viewer"
    position_ms: int = 0
    cancelled: threading.Event = field(default_factory=threading.Event)
