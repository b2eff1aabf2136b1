"""Settings of jobs and their streams."""

from __future__ import annotations

from pydantic import Field

from app.settings.group import Group, config, names


class JobSettings(Group):
    """Jobs and the streams that follow them."""

    max_jobs: int = Field(32, ge=1)
    """Jobs at a time; one more is answered 429. Each costs about 10 MB while it runs."""
    max_duration_s: int = Field(14_400, ge=1, validation_alias=names("MAX_DURATION_S"))
    """Longest media in seconds."""
    job_grace_s: float = Field(30.0, ge=0)
    """How long a job goes on after its last reader left, so that a cut stream can resume."""
    job_retention_s: float = Field(900.0, ge=0)
    """How long a finished job can still be read."""
    max_kept_jobs: int = Field(200, ge=0)
    """Finished jobs kept at most; the oldest go first."""
    transcript_cache_windows: int = Field(4096, ge=0)
    """Transcribed windows remembered in memory, so that a repeated job skips them. 0 for none."""
    comment_s: float = Field(10.0, gt=0)
    """A stream that sent nothing for this long sends a comment."""
    heartbeat_s: float = Field(12.0, gt=0)
    """A stream that sent no stage event for this long repeats where the job stands."""
    admission_wait_s: float = Field(1.5, gt=0)
    """How long the answer waits for the media to open, so that bad media gets a status of its
    own instead of an error inside a stream."""

    model_config = config()
