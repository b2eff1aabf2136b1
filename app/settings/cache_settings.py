"""Settings of the cache on disk."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pydantic import Field

from app.settings.group import Group, config

_NAME = "cuestream"
_NETWORK_VOLUME = Path("/runpod-volume")
"""Where a RunPod endpoint's network volume is mounted, if it has one."""


class CacheSettings(Group):
    """The cache on disk: results of earlier jobs."""

    cache_dir: Path | None = None
    """Folder of the cache; several workers and machines may share it, on a network volume too.
    Unless set, `/runpod-volume/cuestream` where that volume is mounted, else
    `~/.cache/cuestream`."""
    cache_max_size_mb: int = Field(5000, ge=0)
    """Largest size of the cache in MiB; the least recently used entries are evicted first. 0 for no
    cache."""
    cache_audio_ttl_hours: float = Field(24.0, ge=0)
    """How many hours downloaded media, captions and page metadata are cached. 0 caches none."""
    cache_ttl_days: float = Field(30.0, gt=0)
    """How many days transcripts and translations are cached after their last use."""
    cache_cleanup_interval_minutes: float = Field(30.0, gt=0)
    """Minutes between two evictions. In between, the cache may exceed its size by a tenth for each
    worker."""

    model_config = config()

    @property
    def folder(self) -> Path:
        """The folder of the cache, whether or not it exists."""
        return self.cache_dir.expanduser() if self.cache_dir else default_folder(_NETWORK_VOLUME)

    @property
    def local_folder(self) -> Path:
        """A folder of this machine alone, whether or not it exists."""
        return _own_folder()


def default_folder(volume: Path) -> Path:
    """Return the folder of the cache where none is set.

    Args:
        volume: where a network volume would be mounted, which other workers share.
    """
    return volume / _NAME if volume.is_mount() else _own_folder()


def _own_folder() -> Path:
    try:
        return Path.home() / ".cache" / _NAME
    except RuntimeError:
        # A container may run as a user that has no home.
        return Path(tempfile.gettempdir()) / f"{_NAME}-cache"
