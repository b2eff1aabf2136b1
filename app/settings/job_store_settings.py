"""Settings of the store of jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from app.settings.group import Group, config

StoreName = Literal["sqlite", "postgres", "memory"]


class JobStoreSettings(Group):
    """The store of jobs and their events."""

    database_url: SecretStr | None = None
    """Address of a PostgreSQL database that several workers share, such as
    `postgresql://user:password@host:5432/name`: any of them answers for every job, and goes on
    with the jobs of one that died. Tables are made in a schema of their own."""
    job_store: StoreName | None = None
    """Where jobs and their events are kept: `postgres`, `sqlite` (a file, for the workers of one
    machine) or `memory` (lost with the process). Unless set, `postgres` where DATABASE_URL is
    given, else `sqlite`."""
    jobs_dir: Path | None = None
    """Folder of the SQLite file and of what unfinished jobs need: on a disk of this machine. Unless
    set, `jobs` in CACHE_DIR; in `~/.cache/cuestream` where that is a network volume, on which
    SQLite cannot be shared."""
    jobs_secret: SecretStr | None = None
    """Long random text under which secrets that come with queued jobs are encrypted, the same for
    all workers of a DATABASE_URL. Unless set, a key of its own in JOBS_DIR."""
    database_schema: str = Field("cuestream", pattern=r"^[a-z_][a-z0-9_]{0,40}$")
    """Schema of the tables in DATABASE_URL; servers that are to share no jobs have different
    ones."""
    database_connections: int = Field(8, ge=3)
    """Most connections of one worker to DATABASE_URL, one more than this while it listens."""
    job_lease_s: float = Field(15.0, ge=1)
    """Seconds without a sign of life after which a worker's jobs are taken over by another one. The
    sign comes every third of it. Longer than any pause that a worker may make and live."""
    max_queued_jobs: int = Field(10_000, ge=0)
    """Most jobs that may wait in the queue."""
    max_queued_jobs_per_caller: int = Field(1000, ge=0)
    """Most jobs of one caller that may wait in the queue."""
    job_attempts: int = Field(3, ge=1)
    """How often a job is begun whose worker dies each time, before it fails with
    `job_interrupted`."""

    model_config = config()

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(
            ("postgresql://", "postgres://")
        ):
            raise ValueError("must begin with postgresql://")
        return value

    @property
    def store(self) -> StoreName:
        """The store in use."""
        if self.job_store is not None:
            return self.job_store
        return "sqlite" if self.database_url is None else "postgres"
