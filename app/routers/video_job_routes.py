"""`/runpod/video` and `/jobs/{id}`: video services' routes that answer before the work is done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from app.domain.errors import BadRequestError, InvalidFieldError, JobNotFoundError, UrlBlockedError
from app.routers.access.api_keys import require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.dependencies import ServicesDep, require_admission
from app.routers.described import described
from app.routers.edge.request_body import large_json
from app.routers.encoders import Payload
from app.routers.file_links import base_url
from app.routers.queue_body import owner_of
from app.routers.queue_dependencies import QueueDep, TicketDep, WebhooksDep
from app.routers.raised_errors import raises
from app.routers.runpod_routes import ORDER_ERRORS
from app.services.operations.operation_table import operation_named
from app.submission.envelopes.operation_envelope import operation_input
from app.submission.queue.ticket import JobOrder
from app.submission.queue.video_job import video_input, video_job_report, video_status

router = APIRouter(tags=["video"], dependencies=[Depends(require_key)], route_class=GuardedRoute)

_NAME_CHARS = 100
_MAX_URL_CHARS = 2000
_OWN = frozenset({"webhook_url", "id_roteiro"})


class VideoJobBody(BaseModel):
    """Body of ``/runpod/video/{operation}``: the operation's own fields, and these."""

    model_config = ConfigDict(extra="allow")

    webhook_url: str | None = Field(
        None, max_length=_MAX_URL_CHARS, description="Address that is told of the end"
    )
    id_roteiro: str | None = Field(
        None, max_length=200, description="The caller's own name for what the job belongs to"
    )
    s3_config: dict[str, Any] | None = Field(
        None, description="Object storage of the caller", repr=False
    )


class VideoJob(BaseModel):
    """Answer of ``/runpod/video/{operation}``."""

    jobId: str  # noqa: N815 - on the wire
    status: str
    idRoteiro: str | None = Field(None, description="As the request had it")  # noqa: N815
    message: str
    statusUrl: str = Field(description="Path that tells how the job stands")  # noqa: N815
    createdAt: str  # noqa: N815


class VideoJobReport(BaseModel):
    """Answer of ``/jobs/{job_id}``."""

    model_config = ConfigDict(extra="allow")

    jobId: str  # noqa: N815 - on the wire
    status: str = Field(description="QUEUED, PROCESSING, COMPLETED, FAILED or CANCELLED")
    operation: str | None
    result: object = Field(None, description="What the operation made")
    error: str | None


class VideoJobCancelled(BaseModel):
    """Answer of ``/jobs/{job_id}/cancel``."""

    message: str
    jobId: str  # noqa: N815 - on the wire


class VideoQueueStats(BaseModel):
    """Answer of ``/queue/stats``."""

    queued: int
    processing: int
    completed: int
    failed: int
    activeWorkers: int  # noqa: N815 - on the wire
    availableWorkers: int  # noqa: N815


@router.post(
    "/runpod/video/{operation}",
    status_code=202,
    dependencies=[rate_limited("process"), Depends(require_admission), large_json()],
    **described(
        "startVideoJob",
        "Hand in a media operation",
        VideoJob,
        example={
            "webhook_url": "https://example.com/done",
            "url_video": "https://example.com/a.mp4",
            "url_audio": "https://example.com/a.mp3",
        },
    ),
)
@raises(*ORDER_ERRORS, InvalidFieldError, UrlBlockedError)
async def start_video_job(
    request: Request,
    body: VideoJobBody,
    services: ServicesDep,
    queue: QueueDep,
    webhooks: WebhooksDep,
    operation: Annotated[
        str, Path(max_length=_NAME_CHARS, openapi_examples={"addaudio": {"value": "addaudio"}})
    ],
) -> VideoJob:
    """Hand in a media operation; its webhook, and `/jobs/{job_id}`, tell what came of it."""
    if body.webhook_url is not None:
        webhooks.check(body.webhook_url)
    fields = body.model_dump(exclude_none=True, exclude=set(_OWN))
    operation_input(operation_named(operation), fields)
    ticket = await queue.submit(
        JobOrder(
            input=video_input(operation, fields, body.id_roteiro),
            endpoint="",
            owner=owner_of(request),
            execution_timeout_s=services.settings.queue.execution_timeout_s,
            ttl_s=services.settings.queue.ttl_s,
            retention_s=services.settings.queue.retention_s,
            webhook=body.webhook_url,
            base_url=base_url(request),
        )
    )
    return VideoJob(
        jobId=ticket.id,
        status="QUEUED",
        idRoteiro=body.id_roteiro,
        message="Job queued successfully",
        statusUrl=f"/jobs/{ticket.id}",
        createdAt=datetime.now(UTC).isoformat(timespec="milliseconds"),
    )


@router.get(
    "/jobs/{job_id}", **described("getVideoJobState", "Get a media job's state", VideoJobReport)
)
@raises(JobNotFoundError)
async def video_job_state(ticket: TicketDep) -> Payload:
    """Return a job's state; a finished one comes with what it made."""
    return video_job_report(ticket)


@router.post(
    "/jobs/{job_id}/cancel", **described("stopVideoJob", "Cancel a media job", VideoJobCancelled)
)
@raises(JobNotFoundError, BadRequestError)
async def stop_video_job(ticket: TicketDep, queue: QueueDep) -> VideoJobCancelled:
    """Cancel a job: one that waits never starts, one that runs stops."""
    if ticket.ended:
        raise BadRequestError(f"Cannot cancel job with status {video_status(ticket)}")
    await queue.cancel(ticket)
    return VideoJobCancelled(message="Job cancelled successfully", jobId=ticket.id)


@router.get(
    "/queue/stats", **described("getVideoQueue", "Count this worker's jobs", VideoQueueStats)
)
async def video_queue_stats(queue: QueueDep) -> VideoQueueStats:
    """Return the counts of the queue."""
    health = queue.health()
    jobs, workers = health["jobs"], health["workers"]
    return VideoQueueStats(
        queued=jobs["inQueue"],
        processing=jobs["inProgress"],
        completed=jobs["completed"],
        failed=jobs["failed"],
        activeWorkers=workers["running"],
        availableWorkers=workers["idle"],
    )
