"""Settings of batch jobs."""

from __future__ import annotations

import socket
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from app.settings.group import Group, config, names


class BatchSettings(Group):
    """Batch jobs whose documents and queues lie in Supabase or another PostgreSQL."""

    supabase_url: str | None = None
    """Address of the project, such as `https://abc.supabase.co`. Without it and without
    DATABASE_URL there are no batch jobs."""
    supabase_service_key: SecretStr | None = Field(
        None, validation_alias=names("SUPABASE_SERVICE_KEY", "SUPABASE_SERVICE_ROLE_KEY")
    )
    """The project's service role key, which may read and write every row. It is never logged."""
    supabase_transport: Literal["rest", "postgres"] | None = None
    """How the project's database is reached: `rest` by SUPABASE_URL, `postgres` by DATABASE_URL.
    Unless set, straight to the database where DATABASE_URL is given. Set `rest` where DATABASE_URL
    leads to another database, for this server's own jobs alone."""
    py_api_token: SecretStr | None = None
    """Bearer token of `/jobs/...`, which an Edge Function sends."""
    worker_max_retries: int = Field(5, ge=1)
    """Attempts at a document, by its message's `read_ct`. After the last one it is marked `error`
    and its message is archived."""
    max_concurrent_transcriptions: int = Field(2, ge=1)
    """Documents that this process works on at a time, of all batches together."""
    worker_lease_s: int = Field(120, ge=6)
    """Seconds that a claim on a document holds without being renewed, which happens three times as
    often. The document of a worker that went away is free again after that."""
    provider_name: str = "cuestream"
    """`provider` in the metadata of stored captions."""
    worker_name: str | None = None
    """Name of this worker, in claims and metadata. The host's unless set."""

    model_config = config()

    @field_validator("supabase_url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        if value is not None and not value.strip().startswith(("https://", "http://")):
            raise ValueError("must begin with https://")
        return value.strip() if value else None

    @field_validator("supabase_service_key", "py_api_token", mode="before")
    @classmethod
    def _check_secret(cls, value: object) -> object:
        """Take away space at the ends, which a pasted key may have; a header holds no other."""
        if not isinstance(value, str):
            return value
        value = value.strip()
        if not (value.isascii() and value.isprintable()):
            raise ValueError("holds characters that no header can")
        return value or None

    @property
    def worker(self) -> str:
        """Name of this worker."""
        return self.worker_name or socket.gethostname()
