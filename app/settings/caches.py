"""Settings of what is kept on disk for later jobs."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from app.settings.group import Group, config


class CacheSettings(Group):
    """Work that is kept on disk for later jobs."""

    cache_dir: Path | None = None
    """Folder of the cache; several workers may share it, on a network volume too. Unless set,
    `/runpod-volume/cuestream` where that volume is mounted, else `~/.cache/cuestream`."""
    cache_max_size_mb: int = Field(5000, ge=0)
    """Largest size of the cache in MiB; what was used longest ago goes first. 0 for no cache."""
    cache_audio_ttl_hours: float = Field(24.0, ge=0)
    """How long downloaded media and what a site said of it are kept. 0 keeps none."""
    cache_ttl_days: float = Field(30.0, gt=0)
    """How long transcripts and translations are kept after their last use."""
    cache_cleanup_interval_minutes: float = Field(30.0, gt=0)
    """How often the cache is brought down to its limits."""

    model_config = config()
