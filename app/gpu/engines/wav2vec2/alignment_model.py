"""Alignment model of one language: files, network, labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Protocol
from urllib.error import URLError

import numpy as np
import torch
import torchaudio
from safetensors import SafetensorError

from app.domain.audio import Samples
from app.domain.errors import EngineLoadError
from app.domain.time import SAMPLE_RATE_HZ
from app.gpu.device import Device
from app.gpu.engines.wav2vec2.label_spelling import Alphabet
from app.gpu.engines.wav2vec2.wav2vec2_network import (
    NetworkBackend,
    TorchaudioBackend,
    TransformersBackend,
    Wav2Vec2Network,
)
from app.gpu.faults import load_faults
from app.gpu.models.hub import HubModel, check_online, find_model, looks_like_folder
from app.settings import ModelSettings

_NEEDED_FILES = ("config.json", "vocab.json", "preprocessor_config.json")
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""The better one first. Many older models exist as a pickle only, of which transformers reads
weights and nothing else."""

_ANY_WEIGHTS = "*model.[sb]*"
"""Matches either of them."""

_SETTING = "ALIGNMENT_MODELS"
_UNREADABLE = (
    KeyError, TypeError, AttributeError, EOFError, UnpicklingError, SafetensorError
)  # fmt: skip
"""What transformers, safetensors and torch raise over files of another kind."""


class EmissionModel(Protocol):
    """Acoustic model that emits log-probabilities; see `Wav2Vec2Network`."""

    def emissions(self, clips: list[Samples]) -> list[torch.Tensor]:
        """Return a tensor of shape ``(frames, labels)`` for each clip."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class AlignmentModel:
    """A loaded model.

    Attributes:
        name: shown to people; contains no path.
    """

    name: str
    alphabet: Alphabet
    network: EmissionModel


@dataclass(frozen=True, slots=True)
class ModelLoader:
    """Loads models onto a device.

    Attributes:
        settings: where models come from.
        device: where they run.
    """

    settings: ModelSettings
    device: Device

    def load(self, wanted: str, *, spaced: bool) -> AlignmentModel:
        """Fetch a model, if need be, load it and run it once.

        Args:
            wanted: a torchaudio pipeline, a folder, or a hub id.
            spaced: whether its language puts blanks between words.

        Raises:
            EngineLoadError: it cannot be fetched, read or run; the message says what to do.
        """
        name = Path(wanted).name if looks_like_folder(wanted) else wanted
        with load_faults(f"Alignment model {name!r}", _SETTING):
            try:
                codes, backend = self._backend(wanted)
            except _UNREADABLE as error:
                raise ValueError("its files do not hold a wav2vec2 model") from error
            network = Wav2Vec2Network(backend, self.device)
            noise = np.random.default_rng(0).normal(0, 0.01, SAMPLE_RATE_HZ).astype(np.float32)
            network.emissions([noise, noise[: SAMPLE_RATE_HZ // 2]])
        return AlignmentModel(name, Alphabet.of(codes, backend.labels, spaced=spaced), network)

    def _backend(self, wanted: str) -> tuple[dict[str, int], NetworkBackend]:
        if not looks_like_folder(wanted) and wanted in torchaudio.pipelines.__all__:
            return self._from_torchaudio(wanted)
        return self._from_folder(_model_folder(wanted, self.settings))

    def _from_torchaudio(self, wanted: str) -> tuple[dict[str, int], NetworkBackend]:
        bundle = getattr(torchaudio.pipelines, wanted)
        if not isinstance(bundle, torchaudio.pipelines.Wav2Vec2ASRBundle):
            raise EngineLoadError(f"{wanted!r} is no pipeline that writes letters; see {_SETTING}")
        cache = self.settings.model_cache_dir
        options: dict[str, Any] = {"progress": False, "weights_only": True}
        if cache is not None:
            options["model_dir"] = str(cache)
        folder = cache or Path(torch.hub.get_dir()) / "checkpoints"
        if not (folder / Path(bundle._path).name).is_file():
            check_online(self.settings, wanted, _SETTING)
        try:
            model = bundle.get_model(dl_kwargs=options)
        except URLError as error:
            raise ConnectionError(str(error)) from error
        codes = {char: code for code, char in enumerate(bundle.get_labels())}
        return codes, TorchaudioBackend(model.to(self.device).eval())

    def _from_folder(self, folder: Path) -> tuple[dict[str, int], NetworkBackend]:
        from transformers import Wav2Vec2ForCTC, Wav2Vec2Processor

        processor = Wav2Vec2Processor.from_pretrained(folder, local_files_only=True)
        model = Wav2Vec2ForCTC.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
        normalised = bool(processor.feature_extractor.do_normalize)
        backend = TransformersBackend(model.to(self.device).eval(), normalised=normalised)
        return dict(processor.tokenizer.get_vocab()), backend


def _model_folder(wanted: str, settings: ModelSettings) -> Path:
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
    cache = settings.hub_dir
    # Descriptions are a few small files; weights exist in several forms, and one is enough.
    folder = Path(
        snapshot_download(
            wanted,
            allow_patterns="*.json",
            ignore_patterns="*/*",
            cache_dir=cache,
            token=settings.token,
        )
    )
    if any((folder / name).is_file() for name in _WEIGHTS):
        return folder
    fetch = partial(hf_hub_download, wanted, cache_dir=cache, token=settings.token)
    safe, pickled = _WEIGHTS
    try:
        fetch(filename=safe)
    except EntryNotFoundError:
        fetch(filename=pickled)
    return folder
