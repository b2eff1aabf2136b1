"""Settings of result files and of the object store for them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from app.settings.group import Group, config, names

_MOST_LINK_S = 7 * 24 * 3600
"""Longest life of a signed link. Source: Signature Version 4, X-Amz-Expires."""


class FileSettings(Group):
    """Result files that are stored for download: in a folder, or in an S3-compatible store."""

    files_dir: Path | None = None
    """Folder of stored result files; workers may share it. Unless set, `files` in the cache's
    folder. It is not used where an S3 store is set."""
    public_url: str | None = None
    """Address under which clients reach this server, such as `https://captions.example.org`: links
    to files in the folder begin with it. Unless set, they begin with the address of RunPod's proxy
    on a pod, elsewhere with that of the request that asks for them, and a queue worker, which
    has none, needs an S3 store."""
    files_secret: SecretStr | None = None
    """Secret that signs links and seals the keys of callers' own stores, 16 characters or more.
    Unless set, a random one in the folder of files. Set it where several workers without a common
    folder answer for one another."""
    file_link_ttl_s: float = Field(3600.0, gt=0, le=_MOST_LINK_S)
    """Seconds that a link to a stored file works; a job's result always shows fresh ones. At most
    seven days."""
    files_ttl_hours: float = Field(24.0, gt=0)
    """Hours after which stored files are removed."""
    files_max_size_mb: int = Field(20_480, ge=1)
    """Room for stored files, in MiB; the oldest files of the caller who holds most are removed
    first."""
    files_caller_share: float = Field(0.5, gt=0, le=1)
    """Share of that room for the files of one caller; his oldest files are removed beyond it, and
    one larger than his share is answered 507."""
    s3_endpoint_url: str | None = Field(
        None, validation_alias=names("S3_ENDPOINT_URL", "BUCKET_ENDPOINT_URL")
    )
    """Address of an S3-compatible store; it may contain the bucket as its first label. Unless set,
    that of AWS in S3_REGION."""
    s3_access_key: SecretStr | None = Field(
        None, validation_alias=names("S3_ACCESS_KEY", "BUCKET_ACCESS_KEY_ID")
    )
    """Access key id for the store."""
    s3_secret_key: SecretStr | None = Field(
        None, validation_alias=names("S3_SECRET_KEY", "BUCKET_SECRET_ACCESS_KEY")
    )
    """Secret access key for the store."""
    s3_bucket_name: str | None = Field(
        None, validation_alias=names("S3_BUCKET_NAME", "BUCKET_NAME")
    )
    """Bucket for result files. Set it with both keys: files then go there instead of the folder."""
    s3_region: str | None = None
    """Region of the store. Unless set, the one that its address names, else `us-east-1`."""
    s3_prefix: str = "cuestream/"
    """Beginning of the keys of all stored files. Old ones are removed under it, and nothing else in
    the bucket."""
    s3_timeout_s: float = Field(60.0, gt=0)
    """Seconds that one request to a store may take, and a store that does not answer is retried.
    Larger files are sent in parts of 8 MiB, a request each."""

    # A wrong value may hold a key.
    model_config = SettingsConfigDict(**{**config(), "hide_input_in_errors": True})

    @field_validator("public_url", "s3_endpoint_url")
    @classmethod
    def _http_address(cls, value: str | None) -> str | None:
        parts = urlsplit(value) if value else None
        if parts is not None and not (
            parts.scheme in ("http", "https") and parts.hostname and not parts.username
        ):
            raise ValueError("an http or https address without a user name")
        return value.rstrip("/") if value else None

    @field_validator("files_secret")
    @classmethod
    def _long_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 16:
            raise ValueError("at least 16 characters")
        return value
