"""`hls`: a video as segments with a playlist, and its subtitles as WebVTT beside it.

The playlist is stored once its first segment is there and written again with each further one, so a
player starts long before the whole is packaged.
"""

from __future__ import annotations

from pydantic import Field

from app.services.media.loudness import LOUDEST_LUFS, QUIETEST_LUFS
from app.services.media.subtitle_probe import listed_subtitles
from app.services.operations.hls_packaging import HlsPlan, package
from app.services.operations.hls_texts import added_texts
from app.services.operations.mux_operation import MOST_TRACKS
from app.services.operations.operation import (
    MediaOperation,
    MediaSource,
    OperationInput,
    OperationResult,
)
from app.services.operations.operation_context import OperationContext
from app.services.operations.soft_subtitles import SoftTrack


class HlsInput(OperationInput):
    """Input of `hls`."""

    url_video: MediaSource = Field(description="Address of the video")
    tracks: list[SoftTrack] | None = Field(
        None, max_length=MOST_TRACKS, description="Subtitles beside those that the video has"
    )
    segment_s: float = Field(4, ge=1, le=20, description="Length of a segment in seconds")
    keep_tracks: bool = Field(True, description="Whether text tracks of the video are offered")
    loudness: float | None = Field(
        None, ge=QUIETEST_LUFS, le=LOUDEST_LUFS, description="Loudness of the sound in LUFS"
    )


async def package_hls(wanted: HlsInput, context: OperationContext) -> OperationResult:
    """Cut a video into segments of HLS; H.264 with AAC is copied.

    Raises:
        CuestreamError: the video or subtitles cannot be fetched or read, stored, or ffmpeg failed.
    """
    fetching, packaging = context.steps(2, 8)
    path = await fetching.fetch(wanted.url_video, "video")
    facts = await fetching.facts(path)
    own = len((await listed_subtitles(path)).subtitles) if wanted.keep_tracks else 0
    added, notices = await added_texts(wanted.tracks or (), own, fetching)
    plan = HlsPlan(path, facts, wanted.segment_s, wanted.keep_tracks, wanted.loudness)
    made = await package(plan, added, packaging)
    return OperationResult(
        (), "Video packaged successfully", made.fields, notices=(*made.notices, *notices)
    )


HLS = MediaOperation(
    name="hls",
    summary="Package a video for streaming",
    input=HlsInput,
    run=package_hls,
    required=(("url_video",),),
    example={
        "url_video": "https://example.com/film.mp4",
        "tracks": [{"url_srt": "https://example.com/film.en.srt", "language": "en"}],
    },
)
