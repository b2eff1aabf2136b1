"""`/cache` and `/admin`: what the server keeps of media, and how it fetches from sites."""

from __future__ import annotations

import time
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from app.domain import errors as e
from app.routers.access.api_keys import require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.dependencies import ServicesDep
from app.routers.described import described
from app.routers.encoders import Payload
from app.routers.raised_errors import family, raises
from app.services.cache.cache_listing import listed_cache
from app.submission.envelopes.batch_envelope import model_of
from app.system.thread_groups import DISK

router = APIRouter(
    tags=["documents"],
    dependencies=[Depends(require_key), rate_limited("subtitles")],
    route_class=GuardedRoute,
)

CacheType = Literal["all", "media", "captions", "transcripts", "translations", "windows"]


@router.get("/cache", **described("listCache", "List what is in the cache", dict[str, object]))
@raises(e.StorageError)
async def list_cache(
    services: ServicesDep,
    type: Annotated[CacheType, Query(description="Kind of entries")] = "all",  # noqa: A002
) -> Payload:
    """Return the entries of the cache, the newest first, 1000 at most, and their sums by kind.

    Names are keys: they tell nothing of what is stored.
    """
    settings = services.settings.caches
    kinds = None if type == "all" else type
    found = await DISK.run(listed_cache, settings.folder, kinds)
    return {
        "files": [
            {
                "name": each.name,
                "type": each.kind,
                "size": each.size_bytes,
                "age_seconds": round(max(0.0, time.time() - each.changed_s)),
            }
            for each in found.entries
        ],
        "summary": {
            "total_files": found.count,
            "total_size": found.size_bytes,
            "by_type": dict(found.by_kind),
            "ttl_hours": settings.cache_audio_ttl_hours,
        },
    }


@router.delete(
    "/cache/cleanup",
    **described("cleanUpCache", "Remove what has expired", dict[str, object]),
)
@raises(e.StorageError, *family(e.ObjectStoreError))
async def clean_up_cache(services: ServicesDep) -> Payload:
    """Remove expired entries of the cache and expired stored files, ahead of their time."""
    settings = services.settings.caches
    before = await DISK.run(listed_cache, settings.folder, None)
    if services.caches.eviction is not None:
        await services.caches.eviction.sweep()
    after = await DISK.run(listed_cache, settings.folder, None)
    files = await services.files.sweep()
    deleted = max(0, before.count - after.count) + files
    return {
        "message": f"{deleted} expired files removed",
        "deleted": deleted,
        "freed_bytes": max(0, before.size_bytes - after.size_bytes),
        "ttl_hours": settings.cache_audio_ttl_hours,
    }


@router.post(
    "/admin/refresh-cookies",
    **described("refreshCookies", "Say which cookies the next page gets", dict[str, object]),
)
async def refresh_cookies(services: ServicesDep) -> Payload:
    """Return whether there are cookies for sites: each page reads their file anew.

    Cookies are not made here: no account's password is stored on this server.
    """
    status = await _cookies(services)
    found = status["cookies_available"]
    text = "The next page reads the cookie file" if found else "There is no cookie file"
    return {"success": bool(found), "message": text, **status}


@router.get(
    "/admin/cookie-scheduler/status",
    **described("getCookieStatus", "Say whether there are cookies for sites", dict[str, object]),
)
async def cookie_status(services: ServicesDep) -> Payload:
    """Return whether there are cookies, and how old they are; nothing refreshes them by itself."""
    return {"enabled": False, "running": False, **await _cookies(services)}


@router.get(
    "/admin/transcription-worker/status",
    **described("getWorkerStatus", "Say how documents are worked on", dict[str, object]),
)
async def worker_status(services: ServicesDep) -> Payload:
    """Return how documents are worked on: jobs bring them, and no loop of this server polls."""
    batch, model = services.settings.batch, model_of(services)
    return {
        "enabled": False,
        "running": False,
        "message": "Documents come by POST /jobs/video-audio-transcription or as jobs of a queue",
        "config": {
            "max_retries": batch.worker_max_retries,
            "model_size": model.name.removeprefix("WhisperX-"),
            "provider": model.provider,
            "max_concurrent_transcriptions": batch.max_concurrent_transcriptions,
        },
    }


async def _cookies(services: ServicesDep) -> Payload:
    path = services.settings.sources.cookies_file
    changed_s = None
    if path is not None:
        changed_s = await DISK.run(lambda: path.stat().st_mtime if path.is_file() else None)
    return {
        "cookies_available": changed_s is not None,
        "cookies_age_seconds": None if changed_s is None else round(time.time() - changed_s),
    }
