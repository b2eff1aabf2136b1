"""Models that the platform has put beside the worker already.

Source: RunPod's documentation of cached models: ``<hub>/models--{owner}--{name}`` holds
``refs/main`` with the name of a folder below ``snapshots``.
"""

from __future__ import annotations

from pathlib import Path

from app.domain.errors import EngineLoadError


def cached_snapshot(hub: Path, model_id: str, needed: tuple[str, ...]) -> Path | None:
    """Return the folder of a cached model; None when it is not cached at all.

    Nothing is written and no network is used, so a read-only mount serves.

    Args:
        hub: folder of the cache.
        model_id: ``owner/name``, in any case.
        needed: files that a whole model has.

    Raises:
        EngineLoadError: it is cached, but not all of it.
    """
    wanted = f"models--{model_id.replace('/', '--')}".lower()
    if not hub.is_dir():
        return None
    found = [entry for entry in sorted(hub.iterdir()) if entry.name.lower() == wanted]
    if not found:
        return None
    snapshot = _snapshot(found[0])
    missing = [name for name in needed if snapshot is None or not (snapshot / name).is_file()]
    if snapshot is None or missing:
        raise EngineLoadError(
            f"The cached model {model_id!r} lacks {', '.join(missing)}: set the endpoint's model "
            "to one in the form that the engine reads, or remove it"
        )
    return snapshot


def _snapshot(repository: Path) -> Path | None:
    snapshots = repository / "snapshots"
    main = repository / "refs" / "main"
    if main.is_file() and (named := snapshots / main.read_text().strip()).is_dir():
        return named
    present = sorted(snapshots.iterdir()) if snapshots.is_dir() else []
    return present[0] if present else None
