"""`/download`, `/batch-download`, `/downloads/list`: media files of addresses and pages."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AsyncExitStack
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.background import BackgroundTask

from app.container import Services
from app.domain import errors as e
from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.process_checks import process_checks
from app.routers.dependencies import ServicesDep
from app.routers.described import FILE, described
from app.routers.disconnect import cancel_on_disconnect
from app.routers.document_routes import UrlQuery
from app.routers.encoders import Payload
from app.routers.file_links import base_url
from app.routers.late_json import late_json
from app.routers.raised_errors import answers_late, family, raises
from app.services.batch.media_downloads import BEST, Download, checked_format
from app.services.files.result_file import FileLink, NewFile
from app.services.files.s3_store import content_disposition
from app.services.net.fetch import check_url

router = APIRouter(
    tags=["documents"],
    dependencies=process_checks(),
    route_class=GuardedRoute,
)

MEDIA_TYPE = "application/octet-stream"
_MOST_URLS = 50
_LONGEST_DELAY_S = 300
_TITLE_CHARS = 200

DOWNLOAD_ERRORS = (
    e.InvalidFieldError,
    e.UrlBlockedError,
    e.OverloadedError,
    e.PayloadTooLargeError,
    e.ResourceLimitError,
    e.StorageError,
    e.ObjectStoreError,
    e.StoreNotConfiguredError,
    e.FileNotStoredError,
    *family(e.SourceError),
)

FormatQuery = Annotated[
    str, Query(max_length=200, description="Which of a site's files, as yt-dlp selects one")
]


class BatchDownload(BaseModel):
    """Body of ``/batch-download``; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    urls: list[Annotated[str, Field(min_length=1, max_length=8000)]] = Field(
        min_length=1, max_length=_MOST_URLS
    )
    format: str = Field("best[height<=720]", max_length=200)
    keep: bool = True
    min_delay: float = Field(5, ge=0, le=_LONGEST_DELAY_S)
    max_delay: float = Field(10, ge=0, le=_LONGEST_DELAY_S)


@router.get(
    "/download",
    **described(
        "downloadMedia",
        "Download a media file",
        content={MEDIA_TYPE: {"schema": FILE}},
        answer="The file",
    ),
)
@raises(*DOWNLOAD_ERRORS)
async def download_media(
    request: Request,
    services: ServicesDep,
    url: UrlQuery,
    format: FormatQuery = BEST,  # noqa: A002 - the parameter's name on the wire
    keep: bool = False,
    custom_title: Annotated[str | None, Query(max_length=_TITLE_CHARS)] = None,
) -> Response:
    """Return the file behind an address, or the video of a page as one file.

    With `keep` it is stored too, and `X-Server-Path` is a link to it.
    """
    async with AsyncExitStack() as resources:

        async def fetched() -> tuple[Download, dict[str, str]]:
            found = await services.downloads.get(url, format, resources)
            name = found.file_name(custom_title)
            disposition = content_disposition(name)
            headers = {"Content-Disposition": disposition, "Cache-Control": "no-store"}
            if keep:
                headers["X-Server-Path"] = (await kept(request, services, found, name)).url
            return found, headers

        found, headers = await cancel_on_disconnect(request, fetched())
        done = BackgroundTask(resources.pop_all().aclose)
        return FileResponse(found.path, headers=headers, media_type=MEDIA_TYPE, background=done)


async def kept(request: Request, services: Services, found: Download, name: str) -> FileLink:
    """Store a downloaded file for its caller and return a link to it."""
    file = NewFile(name, found.path, MEDIA_TYPE, holder=caller_name(request))
    return await services.files.deliver(file, None, base_url(request))


@router.post(
    "/batch-download",
    **described(
        "downloadBatch",
        "Download several media files",
        dict[str, object],
        example={"urls": ["https://www.youtube.com/watch?v=dQw4w9WgXcQ"], "min_delay": 0},
    ),
)
@raises(*DOWNLOAD_ERRORS)
@answers_late
async def batch_download(request: Request, services: ServicesDep, body: BatchDownload) -> Response:
    """Download files one after another, and answer with what became of each.

    Between two there is a pause, by chance between `min_delay` and `max_delay` seconds, which what
    is no address at all does not take. An address
    that comes again is skipped. What was kept has its link as `file_path`. The batch goes on when
    the client leaves; a caller may have 16 under way.
    """
    checked_format(body.format)
    if body.max_delay < body.min_delay:
        raise e.InvalidFieldError("max_delay: less than min_delay")
    work = _batch(request, services, body)
    return await late_json(request, work, caller=caller_name(request), goes_on=True)


async def _batch(request: Request, services: Services, body: BatchDownload) -> Payload:
    began_s = time.monotonic()
    unique = list(dict.fromkeys(body.urls))
    entries: list[Payload] = []
    fetched = False
    for url in unique:
        try:
            check_url(url)
        except e.CuestreamError as error:
            entries.append(_failed(url, error))
            continue
        if fetched:
            pause_s = random.uniform(body.min_delay, body.max_delay)  # noqa: S311 - no secret
            await asyncio.sleep(pause_s)
        entries.append(await _entry(request, services, url, body))
        fetched = True
    done = [each for each in entries if each["success"]]
    return {
        "total": len(body.urls),
        "successful": len(done),
        "failed": len(entries) - len(done),
        "skipped": len(body.urls) - len(unique),
        "downloads": entries,
        "total_size": sum(size for each in done if isinstance(size := each["file_size"], int)),
        "duration_seconds": round(time.monotonic() - began_s, 2),
    }


async def _entry(
    request: Request, services: Services, url: str, body: BatchDownload
) -> dict[str, object]:
    entry: dict[str, object] = {"url": url, "success": False, **dict.fromkeys(_ENTRY_FIELDS)}
    try:
        async with AsyncExitStack() as resources:
            found = await services.downloads.get(url, body.format, resources)
            name = found.file_name()
            size = found.path.stat().st_size
            entry |= {"filename": name, "file_size": size, "platform": found.platform}
            entry |= {"title": found.info.title or None}
            if body.keep:
                entry["file_path"] = (await kept(request, services, found, name)).url
            return {**entry, "success": True}
    except e.CuestreamError as error:
        return _failed(url, error)


_ENTRY_FIELDS = ("filename", "file_path", "file_size", "platform", "title", "error")


def _failed(url: str, error: e.CuestreamError) -> dict[str, object]:
    empty = dict.fromkeys(_ENTRY_FIELDS)
    return {"url": url, "success": False, **empty, "error": error.message}


@router.get(
    "/downloads/list",
    **described("listDownloads", "List the caller's stored files", dict[str, object]),
)
@raises(e.StorageError, e.StoreNotConfiguredError)
async def list_downloads(request: Request, services: ServicesDep) -> Payload:
    """Return the caller's files that this server stores, the newest first, with fresh links."""
    files = services.files.folder
    found = await files.listed(caller_name(request))
    downloads = [
        {
            "filename": file.name,
            "file_path": (await files.link(file, base_url(request))).url,
            "size": file.size_bytes,
            "created_at": stored_s,
        }
        for file, stored_s in found
    ]
    return {"downloads": downloads, "count": len(downloads)}
