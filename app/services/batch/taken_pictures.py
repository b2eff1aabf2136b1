"""Pictures of a video file at given moments, one that fails alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import CuestreamError
from app.services.batch.screenshot_items import Moment
from app.services.media.media_facts import MediaFacts
from app.services.media.video_frame import VideoFrame, video_frame


@dataclass(frozen=True, slots=True)
class TakenPicture:
    """A picture, or why there is none.

    Attributes:
        moment: as it was asked for.
        at_ms: time in the video; 0 where it cannot be read.
        frame: None where it failed.
        error: for people; empty where there is a picture.
    """

    moment: Moment
    at_ms: int = 0
    frame: VideoFrame | None = None
    error: str = ""


async def taken_pictures(
    path: Path, facts: MediaFacts, moments: tuple[Moment, ...], quality: int
) -> AsyncIterator[TakenPicture]:
    """Yield the pictures of a video in the order of the moments.

    Args:
        path: of the video.
        facts: of the file.
        moments: at which it is looked at.
        quality: of JPEG by ffmpeg's scale, 1 (best) to 31.
    """
    for moment in moments:
        if moment.at_ms is None:
            yield TakenPicture(moment, error="Invalid timestamp")
            continue
        try:
            frame = await video_frame(path, facts, moment.at_ms, quality)
        except CuestreamError as error:
            yield TakenPicture(moment, moment.at_ms, error=error.message)
        else:
            yield TakenPicture(moment, moment.at_ms, frame)
