"""Whether the media of an address is in the cache already."""

from __future__ import annotations

import time

from app.domain.errors import CuestreamError
from app.domain.request import MediaUrl, SiteVideo
from app.services.batch.media_downloads import BEST_VIDEO
from app.services.batch.video_address import source_of, video_id_of, video_identity
from app.services.cache.caches import Caches
from app.services.net.fetch import check_url

_HOUR_S = 3600
_URL_CHARS = 8000

_NOT_CACHED: dict[str, object] = {
    "cached": False,
    "cache_path": None,
    "cache_age_seconds": None,
    "expires_in_seconds": None,
}


async def cached_media(caches: Caches, lifetime_hours: float, url: str) -> dict[str, object]:
    """Return whether the media of an address is cached, how old it is and when it expires.

    ``cache_path`` names its content (``sha256:...``), by which the cache stores it.

    Args:
        caches: results of earlier jobs.
        lifetime_hours: of downloads.
        url: without white space around it.
    """
    answer: dict[str, object] = {**_NOT_CACHED, "video_id": None, "error": None}
    try:
        check_url(url[: _URL_CHARS + 1])
    except CuestreamError as error:
        return {**answer, "error": error.message}
    answer["video_id"] = video_id_of(url)
    sources = (source_of(url), MediaUrl(url), SiteVideo(url))
    identities = (video_identity(url, BEST_VIDEO), *(each.identity for each in sources))
    for identity in dict.fromkeys(identities):
        found = await caches.source_metadata.get(identity)
        file = await caches.downloads.get(identity)
        if file is None:
            continue
        file.close()
        age_s = max(0.0, time.time() - found.seen_at) if found is not None else 0.0
        lifetime_s = lifetime_hours * _HOUR_S
        return {
            **answer,
            "cached": True,
            "cache_path": f"sha256:{file.content}",
            "cache_age_seconds": round(age_s),
            "expires_in_seconds": round(max(0.0, lifetime_s - age_s)),
        }
    return answer
