"""How a job waits in the queue, and what its door keeps with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """How a job waits in the queue, and what its door keeps with it.

    Attributes:
        owner: who may list and cancel it; no secret. The request's ``holder`` unless given.
        priority: higher ones are begun first; equal ones by owners in turn, an owner's in order of
            coming.
        delay_s: it is begun no sooner than so many seconds after it came.
        ttl_s: it fails with ``job_expired`` where it has not ended so many seconds after it came;
            None for never.
        execution_timeout_s: longest run; None for any.
        idempotency_key: an owner's second job with the same key is the first one; None for none.
        kind: name of the door that handed it in.
        details: values of JSON for the door: what is to be done once the job has ended.
        secrets: texts for the door that are stored encrypted.
        is_call: whether it is a call: a job that has others work for it, or waits for something
            else, so that it takes none of the places for jobs that need the device.
    """

    owner: str = ""
    priority: int = 0
    delay_s: float = 0.0
    ttl_s: float | None = None
    execution_timeout_s: float | None = None
    idempotency_key: str | None = None
    kind: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_call: bool = False
