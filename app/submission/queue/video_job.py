"""Jobs of the routes of video services that answer before the work is done."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from app.submission.envelopes.envelope import Payload
from app.submission.queue.ticket import Ticket

_MARK = "id_roteiro"
"""Field of an input that only these routes write, with None where their caller sends none."""

_STATES: Mapping[str, str] = MappingProxyType(
    {
        "IN_QUEUE": "QUEUED",
        "IN_PROGRESS": "PROCESSING",
        "TIMED_OUT": "FAILED",
    }
)


def video_input(operation: str, fields: Mapping[str, object], script_id: str | None) -> Payload:
    """Return the envelope of such a job.

    Args:
        operation: its name.
        fields: of the operation.
        script_id: the caller's own name for what the job belongs to.
    """
    return {**fields, "operation": operation, _MARK: script_id}


def is_video_job(ticket: Ticket) -> bool:
    """Whether a job came by these routes."""
    return "operation" in ticket.order.input and _MARK in ticket.order.input


def video_status(ticket: Ticket) -> str:
    """Return a job's status as clients of these routes know it."""
    return _STATES.get(ticket.status, ticket.status)


def video_job_report(ticket: Ticket) -> Payload:
    """Return a job's state, its progress, and what came of it."""
    fields, output = ticket.order.input, ticket.output
    report: Payload = {
        "jobId": ticket.id,
        "status": video_status(ticket),
        "operation": fields.get("operation"),
        "idRoteiro": fields.get(_MARK),
        "result": output if ticket.status == "COMPLETED" else None,
        "error": ticket.error,
        "execution": ticket.frame(),
    }
    if (percent := (ticket.progress or {}).get("percent")) is not None and not ticket.ended:
        report["progress"] = {"completed": percent, "total": 100, "percentage": percent}
    return report
