"""Writing a model into Hugging Face's cache."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.domain.errors import EngineLoadError
from app.system.locks import file_lock

_LONGEST_FETCH_S = 3600.0
"""How long to wait for another process that fetches the same model."""


def repository_folder(hub: Path, hub_id: str) -> Path:
    """Return the folder of a model in a cache; it need not exist."""
    return hub / f"models--{hub_id.replace('/', '--')}"


@contextmanager
def staging_folder(hub: Path, hub_id: str) -> Iterator[Path]:
    """Make a folder beside a model's own, for its files while they are incomplete.

    One process at a time has the folder of a model. It is removed when the block is left in any
    way, and what a killed process left behind is removed by the next.

    Args:
        hub: the cache; made if it is missing.
        hub_id: ``owner/name``.

    Raises:
        EngineLoadError: another process has been fetching it for too long.
        OSError: the folder cannot be made.
    """
    repository = repository_folder(hub, hub_id)
    prefix = f".{repository.name}.fetch-"
    locks = hub / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    with file_lock(locks / f"{repository.name}.fetch", _LONGEST_FETCH_S) as locked:
        if not locked:
            raise EngineLoadError(f"Another process has been fetching {hub_id} for an hour")
        for stale in hub.glob(f"{prefix}*"):
            shutil.rmtree(stale, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=hub))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def publish(files: Path, hub: Path, hub_id: str, revision: str) -> Path:
    """Move a complete folder to its place in a cache, and make it the model's main revision.

    Its files are on disk before its name is: after a power failure the model is whole or absent.

    Args:
        files: a folder below `staging_folder`'s.
        hub: the cache.
        hub_id: ``owner/name``.
        revision: commit in the hub.

    Returns:
        The folder's new place.
    """
    repository = repository_folder(hub, hub_id)
    snapshot = repository / "snapshots" / revision
    snapshot.parent.mkdir(parents=True, exist_ok=True)
    for path in [*files.iterdir(), files]:
        _sync(path)
    if snapshot.exists():
        snapshot.rename(files.parent / "replaced")
    files.rename(snapshot)
    _sync(snapshot.parent)
    _write_reference(repository / "refs", revision, files.parent / "main")
    return snapshot


def remove_linked(snapshot: Path, names: Iterable[str]) -> None:
    """Remove damaged files of a snapshot where they are links to the cache's own.

    The cache would trust the names of these and link to them again.

    Args:
        snapshot: folder of the model.
        names: of the files.
    """
    for name in names:
        path = snapshot / name
        if path.is_symlink():
            path.resolve().unlink(missing_ok=True)
            path.unlink()


def _write_reference(refs: Path, revision: str, temporary: Path) -> None:
    refs.mkdir(exist_ok=True)
    temporary.write_text(revision)
    _sync(temporary)
    temporary.rename(refs / "main")
    _sync(refs)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some network file systems cannot sync a folder.
        if error.errno != errno.EINVAL or not path.is_dir():
            raise
    finally:
        os.close(handle)
