"""Whether the media of an address is in the cache already, as the batch queue says it."""

from __future__ import annotations

from app.container import Services
from app.services.batch.video_cache import cached_media


async def cached_video(services: Services, url: object) -> dict[str, object]:
    """Return the answer to ``check_video_cache``; see `cached_media`."""
    if not isinstance(url, str) or not url.strip():
        return {"ok": False, "error": "Missing required field: video_url"}
    lifetime_hours = services.settings.caches.cache_audio_ttl_hours
    return {"ok": True, **await cached_media(services.caches, lifetime_hours, url.strip())}
