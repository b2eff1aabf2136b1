"""Whisper checkpoints by name."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from app.domain.errors import EngineLoadError
from app.gpu.device import Device
from app.gpu.models.hub import HubModel
from app.gpu.models.hub_cache import lacking
from app.gpu.models.pinned_models import PINNED, PinnedModel
from app.gpu.packages import installed

_ORIGINALS = frozenset({"openai", "distil-whisper"})
"""Owners of checkpoints in another form, whose converted twins faster-whisper lists."""

_PREFIXES = ("faster-whisper-", "whisper-")


_NEEDED_FILES = ("model.bin", "tokenizer.json")

_PARAMETERS_M: Mapping[str, int] = MappingProxyType(
    {
        "tiny": 38, "base": 73, "small": 242, "medium": 764, "large": 1544, "turbo": 809,
        "distil-small": 166, "distil-medium": 394, "distil-large": 756,
    }
)  # fmt: skip
"""Millions of parameters by size. Source: the model cards of openai and distil-whisper."""

_PARAMETER_BYTES = 2
"""The published conversions are float16."""


def size_names() -> Mapping[str, str]:
    """Return the hub id of every size name."""
    from faster_whisper.utils import _MODELS

    return MappingProxyType(_MODELS)


def about_bytes(wanted: str) -> int:
    """Return about how long a model's files are; 0 where its size is not known."""
    size = _size(wanted)
    if size is None:
        return 0
    kind = "turbo" if size.endswith("turbo") else size.partition("-v")[0].partition(".")[0]
    return _PARAMETERS_M[kind] * 1_000_000 * _PARAMETER_BYTES


def whisper_model(wanted: str, pins: Mapping[str, PinnedModel] = PINNED) -> HubModel:
    """Return where the hub has a model and what is needed of it.

    Args:
        wanted: as `WHISPER_MODEL` names it; not a folder.
        pins: known models by hub id.

    Raises:
        EngineLoadError: no such name.
    """
    owner_name = hub_id(wanted)
    return HubModel(
        owner_name,
        needed=(*_NEEDED_FILES, "config.json", "vocabulary.*"),
        fetched=(*_NEEDED_FILES, "config.json", "vocabulary.*", "preprocessor_config.json"),
        called=wanted,
        setting="WHISPER_MODEL",
        command=f"python -m app.models fetch {shlex.quote(wanted)}",
        size_bytes=about_bytes(wanted),
        pin=pins.get(owner_name),
    )


def local_model(wanted: str) -> Path:
    """Return the folder that `WHISPER_MODEL` names.

    Raises:
        EngineLoadError: it does not exist or lacks files.
    """
    folder = Path(wanted).expanduser()
    if not folder.is_dir():
        raise EngineLoadError(f"WHISPER_MODEL names a folder that does not exist: {folder.name}")
    missing = lacking(folder, _NEEDED_FILES)
    if missing:
        raise EngineLoadError(
            f"The folder {folder.name!r} that WHISPER_MODEL names lacks {', '.join(missing)}: "
            "it must hold a model converted for CTranslate2 (ct2-transformers-converter "
            "--copy_files tokenizer.json preprocessor_config.json)"
        )
    return folder


def hub_id(wanted: str) -> str:
    """Return the hub id of a size name, in any case; a converted model's own id stays as it is.

    ``openai/whisper-large-v3`` and ``whisper-large-v3`` are the size ``large-v3``.

    Raises:
        EngineLoadError: no size of that name; lists them.
    """
    size = _size(wanted)
    if size is not None:
        return size_names()[size]
    if "/" not in wanted.strip():
        raise EngineLoadError(
            f"WHISPER_MODEL {wanted!r} is neither a folder, nor a hub id (owner/name), nor a "
            f"size name; size names: {', '.join(size_names())}"
        )
    return wanted.strip()


def _size(wanted: str) -> str | None:
    """Return the size that a name means; None for a hub id of anybody else."""
    owner, _, name = wanted.strip().rpartition("/")
    size = name.lower()
    for prefix in _PREFIXES:
        size = size.removeprefix(prefix)
    return size if size in size_names() and owner.lower() in {"", *_ORIGINALS} else None


def default_model(device: Device) -> str:
    """Return the size name of the model where `WHISPER_MODEL` is not set.

    Args:
        device: where it runs. A GPU without PyTorch is no machine that was set up for one.
    """
    return "large-v3-turbo" if device == "cuda" and installed("torch") else "base"
