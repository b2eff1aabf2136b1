"""`/screenshot/video`: pictures of a video."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from app.container import Services
from app.domain import errors as e
from app.routers.access.callers import caller_name
from app.routers.dependencies import ServicesDep
from app.routers.described import described
from app.routers.download_routes import DOWNLOAD_ERRORS
from app.routers.encoders import Payload
from app.routers.extraction import (
    URL_CHARS,
    VIDEO_EXAMPLE,
    answered,
    extraction_router,
)
from app.routers.file_links import base_url
from app.routers.raised_errors import answers_late, family, raises
from app.services.batch.media_downloads import BEST_VIDEO
from app.services.batch.screenshot_items import format_clock, parse_screenshot_item
from app.services.batch.screenshot_runner import ScreenshotVideo
from app.services.batch.taken_pictures import TakenPicture, taken_pictures
from app.services.batch.video_address import video_id_of
from app.services.files.result_file import NewFile
from app.services.media.media_facts import media_facts

router = extraction_router()

_JPEG = "image/jpeg"


class VideoScreenshots(BaseModel):
    """Body of ``/screenshot/video``; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    video_url: str = Field(min_length=1, max_length=URL_CHARS)
    timestamps: list[Any] = Field(description="Up to 100: seconds, or HH:MM:SS,mmm")
    upload_to_supabase: bool = False
    document_id: str | None = Field(None, max_length=200)
    quality: int = 2


@router.post(
    "/screenshot/video",
    **described(
        "takeScreenshots",
        "Take pictures of a video",
        dict[str, object],
        example={"video_url": VIDEO_EXAMPLE, "timestamps": ["00:00:01,500"]},
    ),
)
@raises(
    *DOWNLOAD_ERRORS,
    e.BatchUnavailableError,
    *family(e.MediaError, e.DocumentStoreError),
)
@answers_late
async def screenshot_video(
    request: Request, services: ServicesDep, body: VideoScreenshots
) -> Response:
    """Take pictures of a video at given times; one that fails fails alone."""
    storage = services.screenshots.storage
    if body.upload_to_supabase and storage is None:
        raise e.BatchUnavailableError(
            "Supabase not configured. Set SUPABASE_URL and SUPABASE_SERVICE_KEY"
        )
    parse_screenshot_item(body.model_dump())
    return await answered(request, _pictures(request, services, body))


async def _pictures(request: Request, services: Services, body: VideoScreenshots) -> Payload:
    item = parse_screenshot_item(body.model_dump())
    async with AsyncExitStack() as resources:
        video = await services.downloads.get(item.video_url, BEST_VIDEO, resources)
        await resources.enter_async_context(services.operations.place())
        facts = await media_facts(video.path)
        shown = ScreenshotVideo.of(video, facts)
        shots: list[Payload] = []
        failures: list[str] = []
        async for picture in taken_pictures(video.path, facts, item.moments, item.quality):
            if picture.frame is None:
                failures.append(f"{picture.moment.shown}: {picture.error}")
                continue
            try:
                shots.append(await _shot(request, services, body, shown, picture))
            except e.CuestreamError as error:
                failures.append(f"{picture.moment.shown}: {error.message}")
    return {
        "screenshots": shots,
        "video_id": video_id_of(item.video_url),
        "video_title": video.info.title or None,
        "video_duration": facts.duration_ms / 1000,
        "video_cached": video.cached,
        "total_extracted": len(shots),
        "failed_timestamps": failures,
    }


async def _shot(
    request: Request,
    services: Services,
    body: VideoScreenshots,
    video: ScreenshotVideo,
    picture: TakenPicture,
) -> Payload:
    """Store a picture for its caller, and in the database's bucket where that is wanted."""
    frame = picture.frame
    if frame is None:
        raise e.UnreadableMediaError(picture.error)
    file = NewFile(f"{picture.at_ms}.jpg", frame.jpeg, _JPEG, holder=caller_name(request))
    link = await services.files.deliver(file, None, base_url(request))
    supabase_url = None
    if body.upload_to_supabase:
        supabase_url = await services.screenshots.upload(video, body.document_id, picture)
    return {
        "timestamp": picture.at_ms / 1000,
        "timestamp_formatted": format_clock(picture.at_ms),
        "file_path": link.url,
        "width": frame.width,
        "height": frame.height,
        "size_bytes": len(frame.jpeg),
        "supabase_url": supabase_url,
    }
