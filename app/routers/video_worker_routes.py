"""`/runpod`, `/job` and `/output`: workers, jobs and files behind `/video`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from app.domain.errors import (
    FileNotStoredError,
    JobNotFoundError,
    LinkExpiredError,
    LinkInvalidError,
    StorageError,
    StoreNotConfiguredError,
)
from app.routers.access.api_keys import require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.dependencies import ServicesDep
from app.routers.described import FILE, described
from app.routers.encoders import Payload
from app.routers.file_routes import stored_file
from app.routers.job_answers import QueueFrame, QueueHealth
from app.routers.queue_dependencies import QueueDep, TicketDep
from app.routers.raised_errors import raises
from app.routers.video_routes import MOST_IN_ONE_JOB, MOST_PARTS

router = APIRouter(tags=["video"], dependencies=[Depends(require_key)], route_class=GuardedRoute)

output_router = APIRouter(prefix="/output", tags=["video"], route_class=GuardedRoute)
"""No key is needed: whoever has a link may use it."""


class WorkerConfig(BaseModel):
    """Answer of ``/runpod/config``."""

    endpointId: str = Field(description="Of this server's queue")  # noqa: N815 - on the wire
    multiWorkerThreshold: int  # noqa: N815
    maxWorkers: int  # noqa: N815


@router.get(
    "/runpod/health", **described("getVideoWorkers", "Count this worker's jobs", QueueHealth)
)
async def runpod_health(queue: QueueDep) -> Payload:
    """Return the health of the queue that does the work."""
    return queue.health()


@router.get("/runpod/config", **described("getVideoConfig", "Show how work is split", WorkerConfig))
async def runpod_config() -> Payload:
    """Show how work is split."""
    return {
        "endpointId": "local",
        "multiWorkerThreshold": MOST_IN_ONE_JOB,
        "maxWorkers": MOST_PARTS,
    }


@router.get(
    "/job/{job_id}", **described("getVideoJob", "Get a job's status and its output", QueueFrame)
)
@raises(JobNotFoundError)
async def video_job(ticket: TicketDep) -> Payload:
    """Return a job's status; a finished one comes with its output."""
    return ticket.report()


@router.post("/job/{job_id}/cancel", **described("cancelVideoJob", "Cancel a job", QueueFrame))
@raises(JobNotFoundError)
async def cancel_video_job(ticket: TicketDep, queue: QueueDep) -> Payload:
    """Cancel a job: one that waits never starts, one that runs stops."""
    await queue.cancel(ticket)
    return {"id": ticket.id, "status": ticket.status}


@output_router.head("/{name}", include_in_schema=False)
@output_router.get(
    "/{name}",
    **described(
        "getOutputFile",
        "Get a video by its link",
        content={"application/octet-stream": {"schema": FILE}},
    ),
)
@raises(
    LinkInvalidError, LinkExpiredError, FileNotStoredError, StoreNotConfiguredError, StorageError
)
async def output_file(
    request: Request,
    services: ServicesDep,
    name: Annotated[str, Path(max_length=255)],
    expires: Annotated[str, Query(max_length=20)] = "",
    signature: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Return a video; the link comes with the answer and works until it expires."""
    return await stored_file(request, services, name, expires, signature)
