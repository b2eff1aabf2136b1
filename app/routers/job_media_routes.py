"""`/api/jobs/{job_id}/media`: the recording of a job, for a player."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, Response
from pydantic import Field
from starlette.types import Receive, Scope, Send

from app.container import Services
from app.domain import errors as e
from app.routers.access.api_keys import require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.dependencies import JobDep, ServicesDep
from app.routers.described import FILE, described
from app.routers.encoders import Payload
from app.routers.file_links import base_url
from app.routers.job_answers import Answer
from app.routers.raised_errors import raises
from app.services.cache.downloads import CachedFile
from app.services.jobs.runtime import JobRuntime
from app.services.media.media_type import HEAD_BYTES, media_type_of
from app.submission.operations.stored_media import stored_media
from app.system.thread_groups import DISK

router = APIRouter(prefix="/api/jobs/{job_id}/media", tags=["jobs"], route_class=GuardedRoute)
"""A player sends no key: whoever may read the job gets a signed link, which works for a while."""

_SIGNATURE_CHARS = 64
_EXPIRES_CHARS = 20
_OTHERS = {206: "The range that was asked for", 416: "No such range"}
_CONTENT = {"application/octet-stream": {"schema": FILE}}


class JobMedia(Answer):
    """Where the recording of a job can be had."""

    url: str = Field(description="A link that needs no key, with ranges")
    media_type: str
    size_bytes: int
    expires_at: int = Field(description="When the link expires, seconds since the epoch")


@router.get(
    "",
    dependencies=[Depends(require_key)],
    **described("getJobMedia", "Get a link to a job's recording", JobMedia),
)
@raises(e.MediaNotStoredError, e.StorageError)
async def job_media(request: Request, job: JobDep, services: ServicesDep) -> Payload:
    """Return a link to the recording that a job was made from, while the server has it.

    That is what it fetched from an address, once all of it has come and while it is cached, or an
    upload until its job ends.
    """
    file = await _opened(job, services)
    try:
        kind = media_type_of(await DISK.run(_head, file.path))
    finally:
        file.close()
    query, expires_s = await services.files.folder.sign(_signed_name(job))
    return {
        "url": f"{base_url(request)}/api/jobs/{job.id}/media/content?{query}",
        "media_type": kind,
        "size_bytes": file.length,
        "expires_at": expires_s,
    }


@router.head("/content", **described("checkJobMedia", "Say what a recording is", others=_OTHERS))
@router.get(
    "/content",
    **described("getJobRecording", "Get a recording by its link", content=_CONTENT, others=_OTHERS),
)
@raises(e.LinkInvalidError, e.LinkExpiredError, e.MediaNotStoredError, e.StorageError)
async def job_media_content(
    job: JobDep,
    services: ServicesDep,
    expires: Annotated[str, Query(max_length=_EXPIRES_CHARS)] = "",
    signature: Annotated[str, Query(max_length=_SIGNATURE_CHARS)] = "",
) -> Response:
    """Return the recording of a job, or the range of it that is asked for."""
    await services.files.folder.check(_signed_name(job), expires, signature)
    file = await _opened(job, services)
    try:
        kind = media_type_of(await DISK.run(_head, file.path))
        return _OpenFileResponse(file, kind)
    except BaseException:
        file.close()
        raise


class _OpenFileResponse(FileResponse):
    """An open file with ranges, which is closed however its sending ends.

    Its bytes are those of a stranger: they are shown by a player, and never as a document.
    """

    def __init__(self, file: CachedFile, media_type: str) -> None:
        headers = {
            "ETag": f'"{file.content}"',
            "Cache-Control": "private, no-cache",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        super().__init__(file.path, headers=headers, media_type=media_type)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the base class."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


async def _opened(job: JobRuntime, services: Services) -> CachedFile:
    file = await stored_media(job, services)
    if file is None:
        raise e.MediaNotStoredError("The media of this job is not stored on the server")
    return file


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _signed_name(job: JobRuntime) -> str:
    return f"media of {job.id}"
