"""How a setting names a model: by its place, or by its name in the hub."""

from __future__ import annotations

from pathlib import Path


def looks_like_folder(wanted: str) -> bool:
    """Whether a model is named by its place."""
    return wanted.startswith(("/", ".", "~")) or Path(wanted).is_dir()
