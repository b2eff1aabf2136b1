"""Files of a pyannote pipeline: in a folder, in the platform's cache, or on the hub."""

from __future__ import annotations

from pathlib import Path

from app.domain.errors import EngineLoadError
from app.gpu.models.hub import HubModel, check_online, find_model, looks_like_folder
from app.settings import ModelSettings

PIPELINE_FILE = "config.yaml"
WEIGHTS_FILE = "pytorch_model.bin"

_SHORT_NAMES = {
    "community-1": "pyannote/speaker-diarization-community-1",
    "3.1": "pyannote/speaker-diarization-3.1",
}

_WANTED = ["*.yaml", "*.bin", "*.npz", "*.safetensors"]
"""Files of a pipeline; the rest of a repository is documentation."""


def hub_id(wanted: str) -> str:
    """Return the hub id of a short name; any other name stays as it is."""
    return _SHORT_NAMES.get(wanted, wanted)


def pipeline_folder(wanted: str, settings: ModelSettings) -> Path:
    """Return the folder with the config.yaml of a pipeline, downloaded if need be.

    Raises:
        EngineLoadError: there is no such folder, it contains no pipeline, or the hub refuses.
        OSError: the hub cannot be reached; see `app.gpu.faults.load_faults`.
    """
    if not looks_like_folder(wanted):
        if "/" not in hub_id(wanted):
            raise EngineLoadError(
                f"DIARIZATION_MODEL {wanted!r} is neither a folder, nor a hub id (owner/name), "
                f"nor one of {', '.join(_SHORT_NAMES)}"
            )
        return fetched(hub_id(wanted), settings, PIPELINE_FILE)
    folder = Path(wanted).expanduser()
    if not folder.is_dir():
        raise EngineLoadError(
            f"DIARIZATION_MODEL names a folder that does not exist: {folder.name}"
        )
    if not (folder / PIPELINE_FILE).is_file():
        raise EngineLoadError(
            f"The folder {folder.name!r} that DIARIZATION_MODEL names lacks {PIPELINE_FILE}: it "
            "must hold a pyannote pipeline"
        )
    return folder


def fetched(
    model_id: str, settings: ModelSettings, needed: str, revision: str | None = None
) -> Path:
    """Return the folder of a hub repository: the platform's cached one, else a download.

    Args:
        model_id: ``owner/name``.
        settings: folders and token.
        needed: a file that it must contain.
        revision: None for the newest.

    Raises:
        EngineLoadError: the hub has no such repository, or refuses it.
        OSError: the hub cannot be reached.
    """
    if revision is None:
        found = find_model(settings, HubModel(model_id, needed=(needed,)))
        if found is not None:
            return found
        check_online(settings, model_id, "DIARIZATION_MODEL")
    return _downloaded(model_id, settings, revision)


def _downloaded(model_id: str, settings: ModelSettings, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    try:
        return Path(
            snapshot_download(
                model_id,
                revision=revision,
                cache_dir=settings.hub_dir,
                token=settings.token,
                local_files_only=settings.offline,
                allow_patterns=_WANTED,
            )
        )
    except GatedRepoError as error:
        raise EngineLoadError(_locked(model_id, settings.token)) from error
    except RepositoryNotFoundError as error:
        raise EngineLoadError(
            f"The hub has no model {model_id!r}, or HF_TOKEN may not read it; check "
            "DIARIZATION_MODEL. pyannote's models also want their licence accepted on their page "
            "of the hub"
        ) from error


def _locked(model_id: str, token: str | None) -> str:
    account = "the account of HF_TOKEN" if token else "an account, and set HF_TOKEN to its token"
    return (
        f"The hub gives {model_id!r} only to those who accepted its licence: open the model's "
        f"page on the hub, accept with {account}; or let DIARIZATION_MODEL name a local folder"
    )
