"""What the address of a video says of it: its site, its id."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import parse_qs, urlsplit

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


def platform_of(url: str) -> str:
    """Return the name of the site that a URL leads to; its host where it has no name here."""
    host = (urlsplit(url).hostname or "").lower().rstrip(".").removeprefix("www.")
    for domain, name in _PLATFORMS.items():
        if host == domain or host.endswith(f".{domain}"):
            return name
    return host


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
