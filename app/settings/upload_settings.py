"""Settings of uploads in parts."""

from __future__ import annotations

from pydantic import Field

from app.settings.group import Group, config


class UploadSettings(Group):
    """Resumable uploads in parts, stored in the cache's folder."""

    max_resumable_upload_mb: int = Field(2048, ge=1)
    """Largest upload in parts, in MiB; a single part is limited by MAX_UPLOAD_MB."""
    upload_ttl_hours: float = Field(24.0, gt=0)
    """Hours until an upload expires after its last part, complete or not."""
    uploads_max_size_mb: int = Field(20_480, ge=1)
    """Room for uploads, in MiB: the bytes that have arrived of uploads in parts, and those of other
    uploads until their job has them. One that does not fit is answered 507."""
    uploads_caller_share: float = Field(0.5, gt=0, le=1)
    """Share of that room for one caller (a key, else an address); the largest upload in parts
    always fits."""

    model_config = config()
