"""`screenshots`: pictures of a video at given times; `contact_sheet`: many of them on one."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import ffmpeg
from pydantic import Field

from app.domain.errors import InvalidFieldError, UnreadableMediaError
from app.services.batch.media_downloads import BEST_VIDEO
from app.services.batch.screenshot_items import (
    ScreenshotItem,
    format_clock,
    parse_screenshot_item,
)
from app.services.batch.taken_pictures import TakenPicture, taken_pictures
from app.services.batch.video_address import video_id_of
from app.services.batch.video_cache import cached_media
from app.services.media.ffmpeg_graph import GraphNode, media_output
from app.services.media.media_facts import MediaFacts
from app.services.media.picture_graph import shown_size
from app.services.media.video_frame import jpeg_size, lead_of, shown_at
from app.services.operations.operation import (
    LocalMedia,
    MediaOperation,
    MediaSource,
    OperationInput,
    OperationResult,
    OutputFile,
)
from app.services.operations.operation_context import OperationContext
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

_JPEG = "image/jpeg"
_MOST_CELLS = 100
_MOST_SIDE_PX = 16_384


class ScreenshotsInput(OperationInput):
    """Input of `screenshots`."""

    video_url: MediaSource | None = Field(None, description="Address of the video")
    url_video: MediaSource | None = Field(None, description="The same as video_url")
    timestamps: list[Any] = Field(
        description="Up to 100 times: seconds, HH:MM:SS,mmm, or objects with a timestamp"
    )
    quality: int | None = Field(2, ge=1, le=31, description="Of JPEG, 1 (best) to 31")


class ContactSheetInput(OperationInput):
    """Input of `contact_sheet`."""

    url_video: MediaSource = Field(description="Address of the video")
    columns: int = Field(4, ge=1, le=20, description="Pictures in a row")
    rows: int = Field(4, ge=1, le=20, description="Rows")
    width: int = Field(320, ge=32, le=1920, description="Width of one picture in pixels")
    quality: int = Field(4, ge=1, le=31, description="Of JPEG, 1 (best) to 31")


class VideoCacheInput(OperationInput):
    """Input of `check_video_cache`."""

    video_url: str = Field(max_length=8000, description="Address of the media")


async def take_screenshots(wanted: ScreenshotsInput, context: OperationContext) -> OperationResult:
    """Return pictures of a video in the order of their times; one that fails fails alone.

    Raises:
        InvalidFieldError: there are no timestamps, or too many.
        MediaError: no picture could be taken.
        CuestreamError: the video cannot be fetched.
    """
    source = wanted.video_url or wanted.url_video or ""
    address = source.name if isinstance(source, LocalMedia) else source
    item = parse_screenshot_item(
        {
            "video_url": address or "upload",
            "timestamps": wanted.timestamps,
            "quality": wanted.quality,
        }
    )
    fetching, taking = context.steps(5, 5)
    async with AsyncExitStack() as resources:
        path, title = await _video(fetching, source, resources)
        facts = await fetching.facts(path)
        files, failures = await _taken(taking, path, facts, item)
    if not files:
        raise UnreadableMediaError(f"No screenshot could be taken: {'; '.join(failures[:3])}")
    fields = {
        "video_id": video_id_of(address),
        "video_title": title or None,
        "video_duration": facts.duration_ms / 1000,
        "total_extracted": len(files),
        "failed_timestamps": failures,
    }
    return OperationResult(
        tuple(files), "Screenshots taken successfully", fields, list_field="screenshots"
    )


async def _video(
    context: OperationContext, source: MediaSource, resources: AsyncExitStack
) -> tuple[Path, str]:
    """Return the file of a video and its page's title; an address may lead to a page."""
    if isinstance(source, LocalMedia):
        return await context.fetch(source, "video"), ""
    context.progress("downloading", 0)
    found = await context.services.downloads.get(source, BEST_VIDEO, resources)
    return found.path, found.info.title


async def _taken(
    context: OperationContext, path: Path, facts: MediaFacts, item: ScreenshotItem
) -> tuple[list[OutputFile], list[str]]:
    files: list[OutputFile] = []
    failures: list[str] = []
    done = 0
    async for picture in taken_pictures(path, facts, item.moments, item.quality):
        done += 1
        context.progress("taking_screenshots", 100 * done / len(item.moments))
        if picture.frame is None:
            failures.append(f"{picture.moment.shown}: {picture.error}")
            continue
        output = context.folder / f"{done}.jpg"
        with storage_errors():
            await DISK.run(output.write_bytes, picture.frame.jpeg)
        name = f"{picture.at_ms}.jpg"
        files.append(OutputFile(output, name, _JPEG, picture_fields(picture), "screenshot_url"))
    return files, failures


def picture_fields(picture: TakenPicture) -> dict[str, object]:
    """Return what answers say of a picture that was taken.

    Raises:
        UnreadableMediaError: it was not.
    """
    if picture.frame is None:
        raise UnreadableMediaError(picture.error)
    return {
        "timestamp": picture.at_ms / 1000,
        "timestamp_formatted": format_clock(picture.at_ms),
        "width": picture.frame.width,
        "height": picture.frame.height,
        **picture.moment.details,
    }


async def make_contact_sheet(
    wanted: ContactSheetInput, context: OperationContext
) -> OperationResult:
    """Return one picture with many of a video, evenly spread over its time.

    Raises:
        InvalidFieldError: the sheet would be too large.
        UnreadableMediaError: there is no video.
        CuestreamError: the video cannot be fetched, or ffmpeg failed.
    """
    count = wanted.columns * wanted.rows
    if count > _MOST_CELLS:
        raise InvalidFieldError(f"columns, rows: a sheet has {_MOST_CELLS} pictures at most")
    fetching, drawing = context.steps(5, 5)
    path = await fetching.fetch(wanted.url_video, "video")
    facts = await fetching.facts(path)
    cell = cell_size(facts, wanted.width)
    if max(cell[0] * wanted.columns, cell[1] * wanted.rows) > _MOST_SIDE_PX:
        raise InvalidFieldError(f"width: a sheet has {_MOST_SIDE_PX} pixels at most on a side")
    times_ms = [round(facts.duration_ms * (n + 0.5) / count) for n in range(count)]
    output = context.folder / "sheet.jpg"
    lead = lead_of(facts)
    cells = [
        _cell(shown_at(path, facts, at_ms, lead_ms=lead, number=number), cell)
        for number, at_ms in enumerate(times_ms)
    ]
    tiled = ffmpeg.concat(*cells, v=1, a=0).filter("tile", f"{wanted.columns}x{wanted.rows}")
    options = {"frames:v": 1, "q:v": wanted.quality, "c:v": "mjpeg", "pix_fmt": "yuvj420p"}
    graph = media_output(output, tiled, **options, format="image2", update=1)
    await drawing.run(graph, output, 0, activity="drawing_sheet")
    with storage_errors():
        size = jpeg_size((await DISK.run(output.read_bytes))[: 2**16]) or (0, 0)
    fields: dict[str, object] = {
        "columns": wanted.columns,
        "rows": wanted.rows,
        "width": size[0] or cell[0] * wanted.columns,
        "height": size[1] or cell[1] * wanted.rows,
        "timestamps": [at_ms / 1000 for at_ms in times_ms],
    }
    file = OutputFile(output, "contact_sheet.jpg", _JPEG, url_field="sheet_url")
    return OperationResult((file,), "Contact sheet made successfully", fields)


def cell_size(facts: MediaFacts, width: int) -> tuple[int, int]:
    """Return width and height of a picture as it is shown, both even."""
    shown_width, shown_height = shown_size(facts)
    return width // 2 * 2, max(2, round(width * shown_height / shown_width / 2) * 2)


def _cell(picture: GraphNode, size: tuple[int, int]) -> GraphNode:
    return picture.filter("scale", *size).filter("setsar", 1).filter("format", "yuvj420p")


async def check_video_cache(wanted: VideoCacheInput, context: OperationContext) -> OperationResult:
    """Return whether the media of an address is in the cache, how old it is and when it expires."""
    hours = context.services.settings.caches.cache_audio_ttl_hours
    found = await cached_media(context.services.caches, hours, wanted.video_url.strip())
    return OperationResult((), "Cache checked successfully", found)


SCREENSHOTS = MediaOperation(
    name="screenshots",
    summary="Take pictures of a video at given times",
    input=ScreenshotsInput,
    run=take_screenshots,
    required=(("video_url", "url_video"), ("timestamps",)),
    example={"video_url": "https://example.com/talk.mp4", "timestamps": [0, "00:01:30,500"]},
)
CONTACT_SHEET = MediaOperation(
    name="contact_sheet",
    summary="Put pictures from all of a video on one sheet",
    input=ContactSheetInput,
    run=make_contact_sheet,
    required=(("url_video",),),
    example={"url_video": "https://example.com/talk.mp4", "columns": 5, "rows": 4},
)
CHECK_VIDEO_CACHE = MediaOperation(
    name="check_video_cache",
    summary="Say whether the media of an address is in the cache",
    input=VideoCacheInput,
    run=check_video_cache,
    required=(("video_url",),),
    example={"video_url": "https://example.com/talk.mp4"},
)
