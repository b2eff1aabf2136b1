"""Webhooks of jobs that came by the routes of video services, as their receivers know them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from app.submission.envelopes.envelope import Payload
from app.submission.queue.ticket import Ticket
from app.submission.queue.video_job import is_video_job, video_status

_PROCESSING_ERROR = "PROCESSING_ERROR"


def webhook_body(ticket: Ticket) -> Payload:
    """Return the body of a job's webhook: in the shape of the routes that the job came by."""
    if not is_video_job(ticket):
        return ticket.report()
    fields = ticket.order.input
    body: Payload = {
        "jobId": ticket.id,
        "idRoteiro": fields.get("id_roteiro"),
        "pathRaiz": root_of(str(fields.get("path") or "")),
        "status": video_status(ticket),
        "operation": fields.get("operation"),
        "processor": "GPU",
        "execution": ticket.frame(),
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    if ticket.status == "COMPLETED":
        return {**body, "result": ticket.output}
    return {**body, "error": {"code": _PROCESSING_ERROR, "message": ticket.error or ""}}


def root_of(path: str) -> str | None:
    """Return a place's folder above its last ``/videos``, with a slash; None for no place."""
    if not path:
        return None
    return f"{path.rpartition('/videos')[0] or path}".rstrip("/") + "/"


def webhook_headers(body: bytes, timestamp: str, secret: str | None) -> Mapping[str, str]:
    """Return the headers that receivers of these webhooks check; none for another job's.

    Args:
        body: of the webhook.
        timestamp: of this attempt, Unix time in seconds.
        secret: that it is signed with; None without one.
    """
    told = json.loads(body)
    if "jobId" not in told:
        return {}
    headers = {
        "X-Webhook-JobId": str(told["jobId"]),
        "X-Webhook-Status": str(told["status"]),
        "X-Webhook-Timestamp": timestamp,
    }
    if secret is not None:
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers["X-Webhook-Signature"] = f"sha256={digest}"
    return headers
