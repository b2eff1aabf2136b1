"""Loading the models that align."""

from __future__ import annotations

from dataclasses import dataclass
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
from app.gpu.engines.wav2vec2.fetching import model_folder
from app.gpu.engines.wav2vec2.network import Family, HuggingFaceFamily, Network, TorchaudioFamily
from app.gpu.engines.wav2vec2.spelling import Alphabet
from app.gpu.faults import load_faults
from app.gpu.models.hub import check_online, looks_like_folder
from app.settings import ModelSettings

_SETTING = "ALIGNMENT_MODELS"
_UNREADABLE = (
    KeyError, TypeError, AttributeError, EOFError, UnpicklingError, SafetensorError
)  # fmt: skip
"""What transformers, safetensors and torch raise over files of another kind."""


class Hears(Protocol):
    """What turns sounds into log-probabilities; see `Network`."""

    def emissions(self, sounds: list[Samples]) -> list[torch.Tensor]:
        """Return a tensor of shape ``(frames, labels)`` for each sound."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Acoustics:
    """A loaded model.

    Attributes:
        name: how it is called where people see it; holds no path.
    """

    name: str
    alphabet: Alphabet
    network: Hears


@dataclass(frozen=True, slots=True)
class Loader:
    """Loads models onto a device.

    Attributes:
        settings: where models come from.
        device: where they run.
    """

    settings: ModelSettings
    device: Device

    def load(self, wanted: str, *, spaced: bool) -> Acoustics:
        """Fetch a model, if need be, load it and run it once.

        Args:
            wanted: a torchaudio pipeline, a folder, or a hub id.
            spaced: whether its language puts blanks between words.

        Raises:
            EngineLoadError: it cannot be fetched, read or run; says what to do.
        """
        name = Path(wanted).name if looks_like_folder(wanted) else wanted
        with load_faults(f"Alignment model {name!r}", _SETTING):
            try:
                codes, family = self._family(wanted)
            except _UNREADABLE as error:
                raise ValueError("its files do not hold a wav2vec2 model") from error
            network = Network(family, self.device)
            noise = np.random.default_rng(0).normal(0, 0.01, SAMPLE_RATE_HZ).astype(np.float32)
            network.emissions([noise, noise[: SAMPLE_RATE_HZ // 2]])
        return Acoustics(name, Alphabet.of(codes, family.labels, spaced=spaced), network)

    def _family(self, wanted: str) -> tuple[dict[str, int], Family]:
        if not looks_like_folder(wanted) and wanted in torchaudio.pipelines.__all__:
            return self._from_torchaudio(wanted)
        return self._from_folder(model_folder(wanted, self.settings))

    def _from_torchaudio(self, wanted: str) -> tuple[dict[str, int], Family]:
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
        return codes, TorchaudioFamily(model.to(self.device).eval())

    def _from_folder(self, folder: Path) -> tuple[dict[str, int], Family]:
        from transformers import Wav2Vec2ForCTC, Wav2Vec2Processor

        processor = Wav2Vec2Processor.from_pretrained(folder, local_files_only=True)
        model = Wav2Vec2ForCTC.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
        normalised = bool(processor.feature_extractor.do_normalize)
        family = HuggingFaceFamily(model.to(self.device).eval(), normalised=normalised)
        return dict(processor.tokenizer.get_vocab()), family
