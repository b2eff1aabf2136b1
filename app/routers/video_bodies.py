"""Bodies of `/video/...`."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class VideoBody(BaseModel):
    """Body of ``/video/...``; what is missing is said in words that clients know."""

    model_config = ConfigDict(extra="ignore")


class CaptionBody(VideoBody):
    """Body of ``/video/caption``."""

    url_video: str = Field("", max_length=8000, description="Address of the video")
    url_srt: str = Field("", max_length=8000, description="Address of the subtitles")


class PicturesBody(VideoBody):
    """Body of ``/video/img2vid``."""

    images: list[dict[str, Any]] = Field(
        default_factory=list, max_length=1000, description="`{id, image_url, duracao}` of each"
    )
    frame_rate: float = Field(24, description="Frames a second")
    width: int = Field(1920, description="Of a frame, in pixels")
    height: int = Field(1080, description="Of a frame, in pixels")
    fit: str = Field("contain", max_length=20, description="`contain` or `cover`")


class SoundBody(VideoBody):
    """Body of ``/video/addaudio``."""

    url_video: str = Field("", max_length=8000, description="Address of the video")
    url_audio: str = Field("", max_length=8000, description="Address of the sound")
