"""Where the files of a transformers model lie, after they were fetched if need be."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from app.domain.errors import EngineLoadError
from app.gpu.models.hub import HubModel, check_online, find_model, looks_like_folder
from app.settings import ModelSettings

_NEEDED_FILES = ("config.json", "vocab.json", "preprocessor_config.json")
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""The better one first. Many older models exist as a pickle only, of which transformers reads
weights and nothing else."""

_ANY_WEIGHTS = "*model.[sb]*"
"""Matches either of them."""


def model_folder(wanted: str, settings: ModelSettings) -> Path:
    """Return the folder of a model.

    Args:
        wanted: a folder or a hub id.
        settings: where models come from.

    Raises:
        EngineLoadError: the folder is none, or lacks files.
        OSError: the hub does not have the model, or does not answer.
    """
    if not looks_like_folder(wanted):
        return _fetched(wanted, settings)
    folder = Path(wanted).expanduser()
    if not folder.is_dir():
        raise EngineLoadError(f"ALIGNMENT_MODELS names a folder that does not exist: {folder.name}")
    missing = [name for name in _NEEDED_FILES if not (folder / name).is_file()]
    if missing or not any((folder / name).is_file() for name in _WEIGHTS):
        lacks = ", ".join(missing or _WEIGHTS[:1])
        raise EngineLoadError(
            f"The folder {folder.name!r} that ALIGNMENT_MODELS names lacks {lacks}: it must hold "
            "a wav2vec2 model in the form of Hugging Face's transformers"
        )
    return folder


def _fetched(wanted: str, settings: ModelSettings) -> Path:
    from huggingface_hub import hf_hub_download, snapshot_download
    from huggingface_hub.errors import EntryNotFoundError

    found = find_model(settings, HubModel(wanted, needed=(*_NEEDED_FILES, _ANY_WEIGHTS)))
    if found is not None:
        return found
    check_online(settings, wanted, "ALIGNMENT_MODELS")
    token = settings.hf_token.get_secret_value() if settings.hf_token else None
    cache = settings.hub_dir
    # Descriptions are a few small files; weights exist in several forms, and one is enough.
    folder = Path(
        snapshot_download(
            wanted, allow_patterns="*.json", ignore_patterns="*/*", cache_dir=cache, token=token
        )
    )
    if any((folder / name).is_file() for name in _WEIGHTS):
        return folder
    fetch = partial(hf_hub_download, wanted, cache_dir=cache, token=token)
    safe, pickled = _WEIGHTS
    try:
        fetch(filename=safe)
    except EntryNotFoundError:
        fetch(filename=pickled)
    return folder
