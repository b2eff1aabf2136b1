"""Settings of jobs."""

from __future__ import annotations

from pydantic import Field, field_validator

from app.domain.profile import DEFAULT_PROFILE, PROFILES
from app.settings.group import Group, config, names

_SHARE = 4
"""Callers that it takes to hold every place."""

_LEAST_SHARE = 4
"""One person with some tabs needs so many, also on a server with few places."""


class JobSettings(Group):
    """Jobs and the streams that follow them."""

    max_jobs: int = Field(32, ge=1)
    """Most jobs at a time; one more is answered 429. Each takes about 10 MB while it runs."""
    max_jobs_per_caller: int | None = Field(None, ge=1)
    """Most jobs of one caller at a time, so that none holds every place; one more is answered 429.
    Callers are told apart as for rate limits: by their key, else by their address. Unless set, a
    quarter of MAX_JOBS and at least 4. Set it to MAX_JOBS where all requests come from one gateway
    of yours."""
    default_profile: str = DEFAULT_PROFILE.name
    """Reading profile of a request that names none: `web`, `netflix`, `netflix-en`,
    `netflix-children`, `bbc`, `ofcom`, `ebu` or `shorts`. The browser extension names none."""
    max_duration_s: int = Field(14_400, ge=1, validation_alias=names("MAX_DURATION_S"))
    """Longest media in seconds."""
    job_grace_s: float = Field(30.0, ge=0)
    """Seconds that a job continues after its last client left, so that a cut stream can resume."""
    job_retention_s: float = Field(900.0, ge=0)
    """Seconds that a finished job can still be read."""
    edited_job_retention_s: float = Field(604_800.0, ge=0)
    """Seconds that a job whose cues somebody has edited can still be read after the last edit;
    never less than JOB_RETENTION_S."""
    max_kept_jobs: int = Field(200, ge=0)
    """Most finished jobs that can be read; the oldest are dropped first."""
    max_kept_jobs_mb: int = Field(256, ge=0)
    """Memory in MiB that finished jobs may hold together; the oldest of the caller who holds most
    are dropped first. An hour of speech takes about 2."""
    transcript_cache_windows: int = Field(4096, ge=0)
    """Most transcribed windows in memory, so that a repeated job skips them. 0 for none."""
    comment_s: float = Field(10.0, gt=0)
    """A stream that sent nothing for so many seconds sends a comment."""
    heartbeat_s: float = Field(12.0, gt=0)
    """A stream that sent no stage event for so many seconds repeats the job's current stage."""
    admission_wait_s: float = Field(1.5, gt=0)
    """Seconds that the answer waits for the media to open, so that bad media gets a status of its
    own instead of an error inside a stream."""
    process_wait_s: float = Field(20.0, gt=0)
    """The same for a stream of `/api/process`, since the browser extension shows no error that
    comes inside it. Sites take seconds to say why there is no video. A browser ends an extension's
    worker whose answer takes 30 s to begin."""

    model_config = config()

    @field_validator("default_profile")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in PROFILES:
            raise ValueError(f"{value!r} is no reading profile; known: {', '.join(PROFILES)}")
        return value

    @property
    def caller_share(self) -> int:
        """Most jobs of one caller at a time."""
        share = max(_LEAST_SHARE, self.max_jobs // _SHARE)
        return min(self.max_jobs, self.max_jobs_per_caller or share)
