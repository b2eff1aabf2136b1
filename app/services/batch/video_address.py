"""What the address of a video says of it: its site, its id."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import parse_qs, urlsplit

from app.domain.request import MediaUrl, SiteVideo

_YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

_PLATFORMS = {
    "youtube.com": "youtube",
    "youtu.be": "youtube",
    "youtube-nocookie.com": "youtube",
    "tiktok.com": "tiktok",
    "instagram.com": "instagram",
    "facebook.com": "facebook",
    "fb.watch": "facebook",
    "x.com": "twitter",
    "twitter.com": "twitter",
    "vimeo.com": "vimeo",
    "dailymotion.com": "dailymotion",
    "twitch.tv": "twitch",
}


def source_of(url: str) -> MediaUrl | SiteVideo:
    """Return the source that a URL leads to: a page of a site that is known, else any address.

    A known page is left to yt-dlp at once, in the spelling in which other jobs name it.
    """
    if _known_platform(url) is None:
        return MediaUrl(url)
    video_id = video_id_of(url) if platform_of(url) == "youtube" else None
    return SiteVideo(f"https://www.youtube.com/watch?v={video_id}" if video_id else url)


def platform_of(url: str) -> str:
    """Return the name of the site that a URL leads to; its host where it has no name here."""
    return _known_platform(url) or _host(url)


def _known_platform(url: str) -> str | None:
    host = _host(url)
    for domain, name in _PLATFORMS.items():
        if host == domain or host.endswith(f".{domain}"):
            return name
    return None


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower().rstrip(".").removeprefix("www.")


def video_id_of(url: str) -> str | None:
    """Return the id of a video by its address; None where the address shows none."""
    parts = urlsplit(url)
    steps = [step for step in parts.path.split("/") if step]
    if platform_of(url) == "youtube":
        asked = parse_qs(parts.query, max_num_fields=100).get("v", [""])[0]
        candidates = (asked, steps[-1] if steps else "")
        return next((each for each in candidates if _YOUTUBE_ID.fullmatch(each)), None)
    last = PurePosixPath(steps[-1]).stem if steps else ""
    return last if _ID.fullmatch(last) else None


def video_identity(url: str, media_format: str) -> str:
    """Return the name under which the cache has a video as a site sends it.

    Args:
        url: of its page.
        media_format: which of the site's files, as yt-dlp selects it.
    """
    return f"video:{url} {media_format}"
