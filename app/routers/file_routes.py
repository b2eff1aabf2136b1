"""`/files`: stored result files, by signed links."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from app.domain.errors import (
    FileNotStoredError,
    LinkExpiredError,
    LinkInvalidError,
    StorageError,
    StoreNotConfiguredError,
)
from app.routers.access.guarded_route import GuardedRoute
from app.routers.dependencies import ServicesDep
from app.routers.described import FILE, SUBTITLE_TEXTS, described
from app.routers.raised_errors import raises
from app.routers.ranged_file import RangedFile
from app.services.files.result_file import PLAYLIST_TYPE
from app.services.files.s3_store import content_disposition

router = APIRouter(prefix="/files", tags=["files"], route_class=GuardedRoute)
"""No key is needed: whoever has a link may use it."""

_NAME_CHARS = 255
_SIGNATURE_CHARS = 64
_EXPIRES_CHARS = 20


_CONTENT = {"application/json": {"schema": {}}, "application/octet-stream": {"schema": FILE}}
_OTHERS = {
    206: "The range that was asked for",
    304: "The client has these bytes",
    416: "No such range",
}


@router.head("/{name}", **described("checkStoredFile", "Say what a stored file is", others=_OTHERS))
@router.get(
    "/{name}",
    **described(
        "getStoredFile",
        "Get a stored file by its link",
        content={**SUBTITLE_TEXTS, **_CONTENT},
        others=_OTHERS,
    ),
)
@raises(
    LinkInvalidError, LinkExpiredError, FileNotStoredError, StoreNotConfiguredError, StorageError
)
async def stored_file(
    request: Request,
    services: ServicesDep,
    name: Annotated[str, Path(max_length=_NAME_CHARS)],
    expires: Annotated[str, Query(max_length=_EXPIRES_CHARS)] = "",
    signature: Annotated[str, Query(max_length=_SIGNATURE_CHARS)] = "",
) -> Response:
    """Return a stored file, or the range of it that is asked for.

    The link comes with a job's result and works until it expires.
    """
    found = await services.files.folder.open(name, expires, signature)
    etag = f'"{found.file.sha256}"'
    remaining_s = max(0, found.expires_s - int(time.time()))
    headers = {
        "ETag": etag,
        "Content-Disposition": content_disposition(found.file.name),
        "Cache-Control": _caching(found.file.media_type, remaining_s),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    if _matches(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    return RangedFile(
        found.path, headers=headers, media_type=found.file.media_type, stat_result=found.status
    )


def _caching(media_type: str, remaining_s: int) -> str:
    """Return how long a client may keep a file: playlists grow while their video is made."""
    if media_type == PLAYLIST_TYPE:
        return "private, no-cache"
    return f"private, max-age={remaining_s}, immutable"


def _matches(if_none_match: str, etag: str) -> bool:
    """Whether the client has these bytes already. Source: RFC 9110 section 13.1.2."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or "*" in tags
