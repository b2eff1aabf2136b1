"""Ids of videos, as the extension sends them."""

from __future__ import annotations

import re

from app.domain.errors import BadRequestError
from app.domain.request import SiteVideo

_ANY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_YOUTUBE = re.compile(r"[A-Za-z0-9_-]{11}")


def check_video_id(video_id: str) -> None:
    """Check an id of whatever site.

    Raises:
        BadRequestError: it has another form.
    """
    if not _ANY.fullmatch(video_id):
        raise BadRequestError("Invalid video_id format")


def youtube_video(video_id: str | None) -> SiteVideo:
    """Return the page of a video on YouTube.

    Raises:
        BadRequestError: there is no id, or it is none of YouTube's.
    """
    if not video_id:
        raise BadRequestError("video_id is required")
    if not _YOUTUBE.fullmatch(video_id):
        raise BadRequestError("Invalid video_id format")
    return SiteVideo(f"https://www.youtube.com/watch?v={video_id}")
