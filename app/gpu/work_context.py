"""Context of a job's work on a device, shared by all its items."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from app.domain.request import Audience


@dataclass(slots=True, eq=False)
class WorkContext:
    """Scheduling attributes of a job, which order its work in the queue ahead of a device.

    It is mutable while its items wait: a viewer who seeks, or who joins a batch job, moves all of
    the job's waiting work at once. Single attributes are written by the event loop and read by
    engine threads.

    Attributes:
        job: name of the job.
        caller: whose share of the device it uses, as a name that is no secret; empty where the
            server has no API keys.
        audience: whether a viewer watches the job's cues as they come.
        position_ms: the viewer's playback position in the recording.
        cancelled: set when the job is no longer wanted.
        diarizing_s: time that the device has looked for its speakers, without any wait.
    """

    job: str
    caller: str = ""
    audience: Audience = "viewer"
    position_ms: int = 0
    cancelled: threading.Event = field(default_factory=threading.Event)
    diarizing_s: float = 0.0
