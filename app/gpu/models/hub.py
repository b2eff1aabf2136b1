"""Models of the Hugging Face hub, by id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import EngineLoadError
from app.gpu.models.hub_cache import cached_snapshot, lacking, whole_snapshot
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
    """

    hub_id: str
    needed: tuple[str, ...]
    fetched: tuple[str, ...] = ()
    called: str = ""
    setting: str = ""


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


def check_online(settings: ModelSettings, name: str, setting: str) -> None:
    """Raise where downloads are forbidden, instead of waiting for the hub in vain.

    Raises:
        EngineLoadError: they are.
    """
    if settings.offline:
        raise EngineLoadError(
            f"The model {name!r} is not on this machine and HF_HUB_OFFLINE forbids to fetch it: "
            f"fill MODEL_CACHE_DIR or HF_HOME beforehand, or let {setting} name a local folder"
        )


def fetch_model(settings: ModelSettings, model: HubModel) -> Path:
    """Return the folder of a model, downloaded if it is not on this machine.

    Raises:
        EngineLoadError: it is not on this machine and must not be downloaded.
        Exception: any exception of huggingface_hub; `app.gpu.faults.load_faults` translates it.
    """
    found = find_model(settings, model)
    if found is not None:
        return found
    check_online(settings, model.called or model.hub_id, model.setting or "its setting")
    from huggingface_hub import snapshot_download

    token = settings.hf_token.get_secret_value() if settings.hf_token else None
    return Path(
        snapshot_download(
            model.hub_id,
            cache_dir=settings.hub_dir,
            token=token,
            allow_patterns=list(model.fetched) or None,
        )
    )


def _named_folders(settings: ModelSettings, model: HubModel) -> Iterator[Path]:
    volume = settings.runpod_volume_dir
    places = [volume / "models", volume]
    if settings.model_cache_dir is not None:
        places.insert(0, settings.model_cache_dir.expanduser())
    names = [model.called, model.hub_id, model.hub_id.rpartition("/")[2]]
    for place in places:
        for name in filter(None, names):
            yield place / name
