"""Which yt-dlp the next job runs: the installed one, or a newer one beside it."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

from app.settings import SourceSettings

_VERSION = re.compile(r"^__version__ = '([^']+)'", re.M)


def newer_ytdlp(settings: SourceSettings) -> Path | None:
    """Return the folder that goes ahead of the installed packages, if it holds a yt-dlp.

    It is resolved, so that a job keeps to one version while a symbolic link moves on.
    """
    try:
        folder = settings.ytdlp_dir.expanduser().resolve()
    except RuntimeError:  # nobody's home
        return None
    return folder if (folder / "yt_dlp" / "__init__.py").is_file() else None


def ytdlp_version(settings: SourceSettings) -> str:
    """Return the version that the next job runs; empty where it does not say."""
    newer = newer_ytdlp(settings)
    if newer is None:
        return metadata.version("yt-dlp")
    try:
        found = _VERSION.search((newer / "yt_dlp" / "version.py").read_text("utf-8", "replace"))
    except OSError:
        return ""
    return found[1] if found else ""
