"""Cache of models in Hugging Face's layout, read without the network.

Source: RunPod's documentation of cached models, and huggingface_hub's of its cache:
``<hub>/models--{owner}--{name}`` holds ``refs/main`` with the name of a folder below
``snapshots``.
"""

from __future__ import annotations

from pathlib import Path

from app.domain.errors import EngineLoadError


def cached_snapshot(hub: Path, model_id: str, needed: tuple[str, ...]) -> Path | None:
    """Return the folder of a model that the platform cached; None when it did not.

    Nothing is written and no network is used, so a read-only mount serves.

    Args:
        hub: folder of the cache.
        model_id: ``owner/name``, in any case.
        needed: files of a complete model, or patterns such as ``vocabulary.*``.

    Raises:
        EngineLoadError: it is cached, but incomplete.
    """
    repository = _repository(hub, model_id)
    if repository is None:
        return None
    snapshot = _snapshot(repository)
    missing = list(needed) if snapshot is None else lacking(snapshot, needed)
    if snapshot is None or missing:
        raise EngineLoadError(
            f"The cached model {model_id!r} lacks {', '.join(missing)}: set the endpoint's model "
            "to one in the form that the engine reads, or remove it"
        )
    return snapshot


def whole_snapshot(hub: Path, model_id: str, needed: tuple[str, ...]) -> Path | None:
    """Return the folder of a model that was downloaded earlier; None unless it is complete.

    Args:
        hub: folder of the cache.
        model_id: ``owner/name``, in any case.
        needed: files of a complete model, or patterns such as ``vocabulary.*``.
    """
    repository = _repository(hub, model_id)
    snapshot = _snapshot(repository) if repository else None
    return snapshot if snapshot and not lacking(snapshot, needed) else None


def lacking(folder: Path, needed: tuple[str, ...]) -> list[str]:
    """Return the patterns that no file in a folder matches."""
    return [
        pattern for pattern in needed if not any(path.is_file() for path in folder.glob(pattern))
    ]


def _repository(hub: Path, model_id: str) -> Path | None:
    wanted = f"models--{model_id.replace('/', '--')}".lower()
    if not hub.is_dir():
        return None
    return next((entry for entry in sorted(hub.iterdir()) if entry.name.lower() == wanted), None)


def _snapshot(repository: Path) -> Path | None:
    snapshots = repository / "snapshots"
    main = repository / "refs" / "main"
    if main.is_file() and (named := snapshots / main.read_text().strip()).is_dir():
        return named
    present = sorted(snapshots.iterdir()) if snapshots.is_dir() else []
    return present[0] if present else None
