"""Loading a pyannote pipeline with everything that its config.yaml names."""

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

_DAMAGED = (KeyError, TypeError, AttributeError, EOFError, pickle.UnpicklingError)
"""What loading raises, besides the usual, where files are not what they should be."""


@dataclass(frozen=True, slots=True, eq=False)
class PyannoteCheckpoint:
    """A loaded pipeline.

    Attributes:
        name: how it is called where people see it; holds no path.
        identity: of the files that it was loaded from, wherever they lie.
        pipeline: pyannote's ``SpeakerDiarization`` on its device, with its parameters set.
    """

    name: str
    identity: str
    pipeline: Any


def load_checkpoint(settings: Settings, device: Device) -> PyannoteCheckpoint:
    """Fetch the pipeline that `DIARIZATION_MODEL` names, if need be, and load it.

    Raises:
        EngineLoadError: it cannot be fetched, read or run on the device; says what to do.
    """
    wanted = settings.diarization.model
    name = Path(wanted).name if looks_like_folder(wanted) else hub_id(wanted)
    with load_faults(f"Diarization model {name!r}", "DIARIZATION_MODEL"):
        import yaml

        folder = pipeline_folder(wanted, settings.models)
        try:
            config = yaml.safe_load((folder / PIPELINE_FILE).read_text("utf-8"))
            places = _brought_home(config["pipeline"], folder, settings.models)
            pipeline = _loaded(config, device)
        except (*_DAMAGED, yaml.YAMLError) as error:
            raise ValueError("its config.yaml or its weights are damaged") from error
        return PyannoteCheckpoint(name, _identity([folder, *places]), pipeline)


def _brought_home(pipeline: dict[str, Any], folder: Path, settings: ModelSettings) -> list[Path]:
    """Let a pipeline name nothing but folders, and return those beside its own.

    pyannote would fetch the models that it names, print advice of its own and not look into the
    platform's cache.
    """
    params = pipeline.setdefault("params", {})
    places = []
    for role in ("segmentation", "embedding", "plda"):
        model = _located(params.get(role), folder, settings)
        if model is not None:
            params[role] = model
            places.append(Path(model["checkpoint"]))
    return [place for place in places if place != folder]


def _located(named: Any, folder: Path, settings: ModelSettings) -> dict[str, Any] | None:
    """Return what a config names as pyannote takes it; None to leave it alone."""
    if isinstance(named, str) and named.startswith("$model/"):
        inner = named.removeprefix("$model/").split("@")[0]
        return {"checkpoint": str(folder), "subfolder": inner}
    if isinstance(named, str) and Path(named).exists() and not named.endswith(".onnx"):
        return {"checkpoint": named, "strict": False}
    if isinstance(named, str) and named.startswith(("pyannote/", "pyannoteAI/")):
        return {"checkpoint": str(fetched(named, settings, WEIGHTS_FILE)), "strict": False}
    if isinstance(named, dict) and isinstance(named.get("checkpoint"), str):
        if Path(named["checkpoint"]).exists():
            return named
        place = fetched(named["checkpoint"], settings, PIPELINE_FILE, named.get("revision"))
        kept = {key: value for key, value in named.items() if key != "revision"}
        return {**kept, "checkpoint": str(place)}
    return None


def _loaded(config: dict[str, Any], device: Device) -> Any:
    with warnings.catch_warnings():
        # torchcodec, which reads files; we hand samples over.
        warnings.simplefilter("ignore")
        import torch
        from pyannote.audio import Pipeline
        from pyannote.audio.pipelines import SpeakerDiarization
        from pyannote.audio.telemetry import set_telemetry_metrics

        # pyannote would tell its makers of every model that is loaded.
        set_telemetry_metrics(False)
        if config["pipeline"]["params"].get("clustering") == "OracleClustering":
            raise EngineLoadError("DIARIZATION_MODEL names a pipeline that has to know the answer")
        _spare_plda(config["pipeline"]["params"])
        # Where it runs is ASR_DEVICE's business, and samples need no preparing.
        kept = {key: value for key, value in config.items() if key not in _OURS}
        pipeline = Pipeline.from_pretrained(kept)
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


def _spare_plda(params: dict[str, Any]) -> None:
    """Give a pipeline that clusters without a PLDA an empty one.

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
