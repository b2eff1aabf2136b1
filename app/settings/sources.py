"""Settings of fetching media."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from app.settings.group import Group, config


class SourceSettings(Group):
    """Fetching media."""

    allow_private_urls: bool = False
    """Whether private, loopback and link-local addresses may be fetched. For tests and homes."""
    fetch_connect_s: float = Field(10.0, gt=0)
    """Seconds until a connection must stand."""
    fetch_read_s: float = Field(30.0, gt=0)
    """Seconds of silence after which a download is given up."""
    max_download_mb: int = Field(8192, ge=1)
    """Largest download in MiB."""
    cookies_file: Path | None = None
    """Netscape cookie file for yt-dlp."""
    work_dir: Path | None = None
    """Folder for temporary files. The system's own unless set."""

    model_config = config()
