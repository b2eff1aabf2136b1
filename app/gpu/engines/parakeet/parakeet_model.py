"""Loading of a Parakeet model in ONNX form."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from app.domain.errors import EngineLoadError
from app.gpu.faults import load_faults
from app.gpu.models.hub import HubModel, fetch_model, looks_like_folder
from app.gpu.models.hub_cache import lacking
from app.gpu.models.identity import identity_of
from app.settings import Settings

_CONVERTED = {
    "nvidia/parakeet-tdt-0.6b-v2": "istupakov/parakeet-tdt-0.6b-v2-onnx",
    "nvidia/parakeet-tdt-0.6b-v3": "istupakov/parakeet-tdt-0.6b-v3-onnx",
    "nvidia/parakeet-rnnt-0.6b": "istupakov/parakeet-rnnt-0.6b-onnx",
}
"""NVIDIA publishes NeMo checkpoints; these are the same in ONNX form. Source: onnx-asr,
resolver.py."""

_SHORT = {"v2": "nvidia/parakeet-tdt-0.6b-v2", "v3": "nvidia/parakeet-tdt-0.6b-v3"}

_KINDS = ("nemo-conformer-tdt", "nemo-conformer-rnnt")
"""Kinds of decoder that give the start of each token, by onnx-asr's names."""


@dataclass(frozen=True, slots=True, eq=False)
class ParakeetModel:
    """A loaded model.

    Attributes:
        name: shown to people; contains no path.
        identity: of the files that were loaded.
        device: where it runs.
        tokens: in its vocabulary.
        recognizer: onnx-asr's, with timestamps.
    """

    name: str
    identity: str
    device: Literal["cuda", "cpu"]
    tokens: int
    recognizer: Any


def load_parakeet(settings: Settings) -> ParakeetModel:
    """Fetch the model that `PARAKEET_MODEL` names, if need be, and load it.

    Raises:
        EngineLoadError: it cannot be fetched, read or run on the device; the message says what to
            do.
    """
    wanted = _SHORT.get(settings.parakeet.model, settings.parakeet.model)
    is_folder = looks_like_folder(wanted)
    name = Path(wanted).name if is_folder else wanted
    try:
        import onnx_asr
    except ImportError as error:
        raise EngineLoadError(
            "The engine `parakeet` needs onnx-asr: install the `parakeet` extra, "
            "`scripts/venv.sh parakeet` in the server's folder"
        ) from error
    with load_faults(f"Parakeet model {name!r}", "PARAKEET_MODEL"):
        folder = _folder(wanted, settings) if is_folder else _fetched(wanted, settings)
        device = _device(settings.asr.device)
        recognizer = onnx_asr.load_model(
            _kind(folder),
            folder,
            quantization=settings.parakeet.quantization,
            sess_options=_options(settings),
            providers=_providers(device),
        )
        tokens = len((folder / "vocab.txt").read_text("utf-8").splitlines())
        identity = identity_of(folder)
    return ParakeetModel(name, identity, device, tokens, recognizer.with_timestamps())


def _needed(settings: Settings) -> tuple[str, ...]:
    suffix = f".{settings.parakeet.quantization}" if settings.parakeet.quantization else ""
    return (f"encoder-model{suffix}.onnx", f"decoder_joint-model{suffix}.onnx", "vocab.txt")


def _folder(wanted: str, settings: Settings) -> Path:
    folder = Path(wanted).expanduser()
    if not folder.is_dir():
        raise EngineLoadError(f"PARAKEET_MODEL names a folder that does not exist: {folder.name}")
    if missing := lacking(folder, _needed(settings)):
        raise EngineLoadError(
            f"The folder {folder.name!r} that PARAKEET_MODEL names lacks {', '.join(missing)}"
        )
    return folder


def _fetched(wanted: str, settings: Settings) -> Path:
    needed = _needed(settings)
    return fetch_model(
        settings.models,
        HubModel(
            _CONVERTED.get(wanted, wanted),
            needed=needed,
            # Weights of large models lie beside the graph.
            fetched=(*needed, *(f"{name}.data" for name in needed), "config.json"),
            called=wanted,
            setting="PARAKEET_MODEL",
        ),
    )


def _kind(folder: Path) -> str:
    """Return the kind of decoder by the folder's configuration; a TDT model without one.

    Raises:
        EngineLoadError: it is of a kind that gives no times.
    """
    path = folder / "config.json"
    kind = json.loads(path.read_text("utf-8")).get("model_type") if path.is_file() else None
    if kind is not None and kind not in _KINDS:
        raise EngineLoadError(f"PARAKEET_MODEL is a {kind!r}; known: {', '.join(_KINDS)}")
    return kind or _KINDS[0]


def _device(requested: Literal["auto", "cuda", "cpu"]) -> Literal["cuda", "cpu"]:
    """Return the device that ONNX Runtime shall run on.

    Raises:
        EngineLoadError: a GPU is requested and this ONNX Runtime was built without.
    """
    import onnxruntime

    has_cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if requested == "cuda" and not has_cuda:
        raise EngineLoadError(
            "ASR_DEVICE is cuda and this ONNX Runtime knows no GPU: install onnxruntime-gpu in "
            "the place of onnxruntime, or set ASR_DEVICE to auto or cpu"
        )
    return "cuda" if has_cuda and requested != "cpu" else "cpu"


def _providers(device: Literal["cuda", "cpu"]) -> list[str]:
    gpu = ["CUDAExecutionProvider"] if device == "cuda" else []
    return [*gpu, "CPUExecutionProvider"]


def _options(settings: Settings) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.parakeet.cpu_threads
    return options
