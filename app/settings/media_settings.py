"""Settings of media operations."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.settings.group import Group, config

EncoderChoice = Literal["auto", "nvenc", "x264"]
"""How pictures are encoded."""


class MediaSettings(Group):
    """Media operations: videos with subtitles burned in, with other sound, out of pictures."""

    media_encoder: EncoderChoice = "auto"
    """What encodes H.264: `auto` takes NVENC where a test encode succeeds and x264 elsewhere,
    `nvenc` takes it without a test, `x264` never. A job whose NVENC fails goes on with x264."""
    media_jobs: int | None = Field(None, ge=1)
    """Most encodes by x264 at a time; others wait. Unless set, one for each processor core."""
    media_nvenc_sessions: int = Field(3, ge=1)
    """Most encodes by NVENC at a time. Consumer GPUs refuse more sessions than their driver
    allows."""
    media_memory_mb: int = Field(4096, ge=256)
    """Memory in MiB that one ffmpeg may take; one that needs more is ended and its job fails. Raise
    it for pictures larger than 4K."""
    batch_size: int = Field(5, ge=1)
    """Most pictures of one job that become videos at a time. They share MEDIA_JOBS with all
    others, so that more of them do not encode faster."""
    media_reserve_mb: int = Field(256, ge=0)
    """Space in MiB of WORK_DIR's disk that operations leave free."""

    model_config = config()
