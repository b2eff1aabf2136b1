"""`/video`: operations whose client waits, as services ahead of a queue of workers offer them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from app.domain.errors import (
    InvalidFieldError,
    OperationUnavailableError,
    StoreNotConfiguredError,
    VideoFailedError,
)
from app.routers.access.api_keys import require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.dependencies import ServicesDep, require_admission
from app.routers.described import described
from app.routers.edge.request_body import large_json
from app.routers.encoders import Payload
from app.routers.file_links import base_url
from app.routers.patient_json import patient_json
from app.routers.queue_body import owner_of
from app.routers.queue_dependencies import QueueDep
from app.routers.raised_errors import JOB_ERRORS, answers_late, raises
from app.routers.video_bodies import CaptionBody, PicturesBody, SoundBody, VideoBody
from app.services.media.pictures.zoom_order import parts_of
from app.submission.queue.job_queue import JobQueue
from app.submission.queue.ticket import JobOrder
from app.submission.video_answer import video_answer

router = APIRouter(tags=["video"], dependencies=[Depends(require_key)], route_class=GuardedRoute)

MOST_IN_ONE_JOB = 50
MOST_PARTS = 3
"""More pictures are split over so many jobs. Source: what clients of these routes know."""

_CHECKS = [rate_limited("process"), Depends(require_admission), large_json()]
_ERRORS = (
    *JOB_ERRORS,
    InvalidFieldError,
    OperationUnavailableError,
    StoreNotConfiguredError,
    VideoFailedError,
)


class VideoAnswer(BaseModel):
    """Answer of ``/video/...``."""

    model_config = ConfigDict(extra="allow")

    code: int
    message: str
    execution: dict[str, object] = Field(description="Begin, end and length of the work")
    stats: dict[str, object] = Field(description="The job's id and times")


@router.post(
    "/video/caption",
    dependencies=_CHECKS,
    **described(
        "captionVideo",
        "Burn subtitles into a video and wait for it",
        VideoAnswer,
        example={"url_video": "https://example.com/a.mp4", "url_srt": "https://example.com/a.srt"},
    ),
)
@raises(*_ERRORS)
@answers_late
async def caption_video(
    request: Request, body: CaptionBody, services: ServicesDep, queue: QueueDep
) -> Response:
    """Burn subtitles into a video and wait for it."""
    if not body.url_video or not body.url_srt:
        raise InvalidFieldError("url_video and url_srt are required")
    return await _waited(request, services, queue, [_input("caption", body)])


@router.post(
    "/video/addaudio",
    dependencies=_CHECKS,
    **described(
        "addAudioToVideo",
        "Give a video another sound and wait for it",
        VideoAnswer,
        example={
            "url_video": "https://example.com/a.mp4",
            "url_audio": "https://example.com/a.mp3",
        },
    ),
)
@raises(*_ERRORS)
@answers_late
async def add_audio_to_video(
    request: Request, body: SoundBody, services: ServicesDep, queue: QueueDep
) -> Response:
    """Give a video another sound and wait for it."""
    if not body.url_video or not body.url_audio:
        raise InvalidFieldError("url_video and url_audio are required")
    return await _waited(request, services, queue, [_input("addaudio", body)])


@router.post(
    "/video/img2vid",
    dependencies=_CHECKS,
    **described(
        "videosOfPictures",
        "Make a video of each picture and wait for them",
        VideoAnswer,
        example={"images": [{"id": "1", "image_url": "https://example.com/1.jpg", "duracao": 2.5}]},
    ),
)
@raises(*_ERRORS)
@answers_late
async def videos_of_pictures(
    request: Request, body: PicturesBody, services: ServicesDep, queue: QueueDep
) -> Response:
    """Make a video of each picture; more than fifty are split over three jobs."""
    if not body.images:
        raise InvalidFieldError("images array is required with at least one image")
    if not all(_is_complete(each) for each in body.images):
        raise InvalidFieldError("Each image must have id, image_url, and duracao")
    parts = MOST_PARTS if len(body.images) > MOST_IN_ONE_JOB else 1
    inputs, before = [], 0
    for images in parts_of(body.images, parts):
        inputs.append({**_input("img2vid", body), "images": [*images], "start_index": before})
        before += len(images)
    return await _waited(request, services, queue, inputs)


def _is_complete(image: Mapping[str, Any]) -> bool:
    return all(image.get(name) not in (None, "", 0) for name in ("id", "image_url", "duracao"))


def _input(operation: str, body: VideoBody) -> Payload:
    return {"operation": operation, **body.model_dump()}


async def _waited(
    request: Request, services: ServicesDep, queue: JobQueue, inputs: list[Payload]
) -> Response:
    """Hand in jobs, wait for all of them, and answer with what they made together."""
    started_s = time.time()
    tickets = [await queue.submit(_order(request, services, each)) for each in inputs]

    async def answer() -> object:
        try:
            limit_s = services.settings.queue.execution_timeout_s
            await asyncio.gather(*(queue.wait(each, limit_s) for each in tickets))
        finally:
            for each in tickets:
                await queue.cancel(each)
        ended = {"startTime": _shown(started_s), "endTime": _shown(time.time())}
        took_ms = round((time.time() - started_s) * 1000)
        execution = {**ended, "durationMs": took_ms, "durationSeconds": round(took_ms / 1000, 2)}
        return video_answer(tickets, execution)

    return await patient_json(request, answer(), services.settings.server.sync_keepalive_after_s)


def _order(request: Request, services: ServicesDep, fields: Payload) -> JobOrder:
    settings = services.settings.queue
    return JobOrder(
        input=fields,
        endpoint="",
        owner=owner_of(request),
        execution_timeout_s=settings.execution_timeout_s,
        ttl_s=settings.ttl_s,
        retention_s=settings.retention_s,
        base_url=base_url(request),
    )


def _shown(moment_s: float) -> str:
    return datetime.fromtimestamp(moment_s, UTC).isoformat(timespec="milliseconds")
