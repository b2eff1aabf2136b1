"""Loading of a pyannote pipeline with every model that its config.yaml names."""

from __future__ import annotations

import hashlib
import pickle
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.errors import EngineLoadError
from app.domain.time import SAMPLE_RATE_HZ
from app.gpu.device import Device
from app.gpu.engines.pyannote.pipeline_files import (
    PIPELINE_FILE,
    WEIGHTS_FILE,
    fetched,
    hub_id,
    pipeline_folder,
)
from app.gpu.faults import load_faults
from app.gpu.models.hub import looks_like_folder
from app.gpu.models.identity import identity_of
from app.settings import ModelSettings, Settings

_FILES = {
    "segmentation": (WEIGHTS_FILE,),
    "embedding": (WEIGHTS_FILE,),
    "plda": ("xvec_transform.npz", "plda.npz"),
}
"""Files of each part of a pipeline. Source: pyannote.audio 4.0, core/model.py and core/plda.py."""

_DAMAGED = (KeyError, TypeError, AttributeError, EOFError, pickle.UnpicklingError)
"""Raised by loading, besides the usual, where files are damaged."""


@dataclass(frozen=True, slots=True, eq=False)
class PyannoteCheckpoint:
    """A loaded pipeline.

    Attributes:
        name: shown to people; contains no path.
        identity: of the files that it was loaded from, wherever they lie.
        pipeline: pyannote's ``SpeakerDiarization`` on its device, with its parameters set.
    """

    name: str
    identity: str
    pipeline: Any


def load_checkpoint(settings: Settings, device: Device) -> PyannoteCheckpoint:
    """Fetch the pipeline that `DIARIZATION_MODEL` names, if need be, and load it.

    Raises:
        EngineLoadError: it cannot be fetched, read or run on the device; the message says what to
            do.
    """
    wanted = settings.diarization.model
    name = Path(wanted).name if looks_like_folder(wanted) else hub_id(wanted)
    with load_faults(f"Diarization model {name!r}", "DIARIZATION_MODEL"):
        import yaml

        folder = pipeline_folder(wanted, settings.models)
        try:
            config = yaml.safe_load((folder / PIPELINE_FILE).read_text("utf-8"))
            places = _with_local_models(config["pipeline"], folder, settings.models)
            pipeline = _loaded(config, device)
        except (*_DAMAGED, yaml.YAMLError) as error:
            raise ValueError("its config.yaml or its weights are damaged") from error
        return PyannoteCheckpoint(name, _identity([folder, *places]), pipeline)


def _with_local_models(
    pipeline: dict[str, Any], folder: Path, settings: ModelSettings
) -> list[Path]:
    """Replace the models that a pipeline names by folders; return those beside its own.

    pyannote would fetch the models, print advice of its own and not look into the platform's
    cache.
    """
    params = pipeline.setdefault("params", {})
    places = []
    for role in _FILES:
        model = _located(role, params.get(role), folder, settings)
        if model is not None:
            params[role] = model
            places.append(Path(model["checkpoint"]))
    return [place for place in places if place != folder]


def _located(role: str, named: Any, folder: Path, settings: ModelSettings) -> dict[str, Any] | None:
    """Return a model of a config in the form that pyannote takes; None to leave it as it is."""
    if isinstance(named, str) and named.startswith("$model/"):
        inner = named.removeprefix("$model/").split("@")[0]
        for file in _FILES[role]:
            if not (folder / inner / file).is_file():
                raise EngineLoadError(f"DIARIZATION_MODEL: {folder.name} lacks {inner}/{file}")
        return {"checkpoint": str(folder), "subfolder": inner}
    if isinstance(named, str) and Path(named).exists() and not named.endswith(".onnx"):
        return {"checkpoint": named, "strict": False}
    if isinstance(named, str) and named.startswith(("pyannote/", "pyannoteAI/")):
        return {"checkpoint": str(fetched(named, settings, WEIGHTS_FILE)), "strict": False}
    if isinstance(named, dict) and isinstance(named.get("checkpoint"), str):
        if Path(named["checkpoint"]).exists():
            return named
        place = fetched(named["checkpoint"], settings, PIPELINE_FILE, named.get("revision"))
        others = {key: value for key, value in named.items() if key != "revision"}
        return {**others, "checkpoint": str(place)}
    return None


def _loaded(config: dict[str, Any], device: Device) -> Any:
    with warnings.catch_warnings():
        # torchcodec, which reads files; we pass samples.
        warnings.simplefilter("ignore")
        import torch
        from pyannote.audio import Pipeline
        from pyannote.audio.pipelines import SpeakerDiarization
        from pyannote.audio.telemetry import set_telemetry_metrics

        # pyannote would report every model that is loaded to its makers.
        set_telemetry_metrics(False)
        if config["pipeline"]["params"].get("clustering") == "OracleClustering":
            raise EngineLoadError("DIARIZATION_MODEL names a pipeline that has to know the answer")
        _disable_plda(config["pipeline"]["params"])
        # ASR_DEVICE chooses the device, and samples need no preprocessing.
        theirs = {key: value for key, value in config.items() if key not in _OURS}
        pipeline = Pipeline.from_pretrained(theirs)
        if not isinstance(pipeline, SpeakerDiarization):
            raise EngineLoadError("DIARIZATION_MODEL names another kind of pyannote pipeline")
        _check(pipeline)
        if not pipeline.instantiated:
            pipeline.instantiate(pipeline.default_parameters())
        return pipeline.to(torch.device(device))


_OURS = ("device", "preprocessors")


def _check(pipeline: Any) -> None:
    rates = {pipeline._segmentation.model.audio.sample_rate, pipeline._embedding.sample_rate}
    if rates != {SAMPLE_RATE_HZ}:
        raise EngineLoadError("DIARIZATION_MODEL names models that do not listen at 16 kHz")


def _disable_plda(params: dict[str, Any]) -> None:
    """Give a pipeline whose clustering uses no PLDA an empty one.

    pyannote fetches community-1's, which is gated, for every pipeline that names none, those of
    before 4.0 among them.
    """
    from pyannote.audio.core.plda import PLDA

    if "plda" not in params and params.get("clustering", "VBxClustering") != "VBxClustering":
        params["plda"] = object.__new__(PLDA)


def _identity(places: list[Path]) -> str:
    digest = hashlib.blake2b(digest_size=20)
    for place in places:
        one = identity_of(place).encode() if place.is_dir() else place.read_bytes()
        digest.update(hashlib.blake2b(one).digest())
    return digest.hexdigest()
