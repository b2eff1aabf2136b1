"""Answers of `/video`: what one job made, or several together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from app.domain.errors import VideoFailedError
from app.submission.envelopes.envelope import Payload
from app.submission.queue.ticket import Ticket

_ENDS = {"CANCELLED": "Job cancelled", "TIMED_OUT": "Job timed_out"}


def video_answer(tickets: Sequence[Ticket], execution: Mapping[str, object]) -> Payload:
    """Return the answer for jobs that have ended, in their order.

    Args:
        tickets: the jobs; several have each a part of one list of pictures.
        execution: begin, end and length of the work.

    Raises:
        VideoFailedError: one has failed, or did not end in time.
    """
    outputs = [_output(each) for each in tickets]
    answer: Payload = {"code": 200, "message": outputs[0]["message"]}
    stats: Payload = _times(tickets[0])
    if "videos" in outputs[0]:
        videos = [_linked(video) for output in outputs for video in output["videos"]]
        answer["videos"] = videos
        if errors := [error for output in outputs for error in output.get("errors", ())]:
            answer["errors"] = errors
        counts = {name: sum(output[name] for output in outputs) for name in ("total", "processed")}
        stats |= counts
        if len(tickets) > 1:
            stats |= {
                "totalImages": counts["total"],
                "workersUsed": len(tickets),
                "imagesPerWorker": outputs[0]["total"],
                "jobIds": [each.id for each in tickets],
            }
    else:
        answer |= {"video_url": output_path(outputs[0]["video_url"])}
    return {**answer, "execution": dict(execution), "stats": stats}


def _linked(video: Mapping[str, Any]) -> Payload:
    return {**video, "video_url": output_path(video["video_url"])}


def output_path(url: str) -> str:
    """Return a link to a file of this server as its path under `/output`; any other as it is."""
    parts = urlsplit(url)
    name = parts.path.rpartition("/files/")[2]
    if {"expires", "signature"} == parse_qs(parts.query).keys() and "/" not in name:
        return f"/output/{name}?{parts.query}"
    return url


def _output(ticket: Ticket) -> dict[str, Any]:
    if ticket.status in _ENDS:
        raise VideoFailedError(_ENDS[ticket.status])
    if ticket.status != "COMPLETED" or not isinstance(ticket.output, dict):
        raise VideoFailedError(ticket.error or "The job has no output")
    return cast("dict[str, Any]", ticket.output)


def _times(ticket: Ticket) -> Payload:
    frame = ticket.frame()
    return {
        "jobId": ticket.id,
        "delayTime": frame.get("delayTime"),
        "executionTime": frame.get("executionTime"),
    }
