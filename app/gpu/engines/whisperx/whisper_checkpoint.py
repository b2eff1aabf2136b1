"""Loading of a Whisper checkpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.gpu.device import Device
from app.gpu.engines.whisperx.translation_ability import is_trained_to_translate
from app.gpu.engines.whisperx.whisper_decoder import WhisperDecoder
from app.gpu.engines.whisperx.whisper_languages import WhisperLanguages
from app.gpu.engines.whisperx.whisper_vocabulary import WhisperVocabulary
from app.gpu.faults import load_faults
from app.gpu.models.hub import fetch_model, looks_like_folder
from app.gpu.models.identity import identity_of
from app.gpu.models.whisper_models import default_model, local_model, whisper_model
from app.gpu.packages import installed
from app.settings import ModelSettings, Settings

_COMPUTE_TYPES: dict[Device, str] = {"cuda": "float16", "cpu": "int8"}


@dataclass(frozen=True, slots=True, eq=False)
class WhisperCheckpoint:
    """A loaded model with its vocabulary and languages.

    Attributes:
        name: shown to people; contains no path.
        compute_type: precision in CTranslate2.
        mels: mel bands of its spectrograms.
        multilingual: whether it has language tokens.
        translates: whether it was trained to translate into English.
        identity: of the files that were loaded, wherever they lie.
    """

    name: str
    identity: str
    compute_type: str
    mels: int
    multilingual: bool
    translates: bool
    languages: WhisperLanguages
    vocabulary: WhisperVocabulary
    decoder: WhisperDecoder


def load_checkpoint(settings: Settings, device: Device) -> WhisperCheckpoint:
    """Fetch the model that `WHISPER_MODEL` names, if need be, and load it.

    Raises:
        EngineLoadError: it cannot be fetched, read or run on the device; the message says what to
            do.
    """
    wanted = settings.whisper.model or default_model(device)
    name = Path(wanted).name if looks_like_folder(wanted) else wanted
    with load_faults(f"Whisper model {name!r}", "WHISPER_MODEL"):
        if device == "cuda":
            _load_cublas()
        from faster_whisper import WhisperModel

        # The class that whisperx.asr.WhisperModel adds one method to, a batched decoding
        # without thresholds. Importing it from there would also load pyannote and
        # transformers, which takes four times as long as all the rest.
        folder = _folder(wanted, settings.models)
        _check_tokenizer(folder)
        model = WhisperModel(
            str(folder),
            device=device,
            compute_type=settings.whisper.compute_type or _COMPUTE_TYPES[device],
            cpu_threads=settings.whisper.cpu_threads,
            num_workers=1,
            max_queued_batches=1,
        )
        identity = identity_of(folder)
        trained = is_trained_to_translate(name, folder, int(model.model.n_mels))
    return _described(name, identity, model, settings.whisper.beam_size, translates=trained)


def _load_cublas() -> None:
    """Import PyTorch, if there is one: it loads the cuBLAS that CTranslate2 looks up by name."""
    if installed("torch"):
        import torch  # noqa: F401 - for what its import loads


def _described(
    name: str, identity: str, model: Any, beam_size: int, *, translates: bool
) -> WhisperCheckpoint:
    inner = model.model
    multilingual = bool(inner.is_multilingual)
    vocabulary = WhisperVocabulary(model.hf_tokenizer, multilingual=multilingual)
    return WhisperCheckpoint(
        name=name,
        identity=identity,
        compute_type=str(inner.compute_type),
        mels=int(inner.n_mels),
        multilingual=multilingual,
        translates=multilingual and translates,
        languages=WhisperLanguages(vocabulary.codes),
        vocabulary=vocabulary,
        decoder=WhisperDecoder(inner, vocabulary, beam_size),
    )


def _folder(wanted: str, settings: ModelSettings) -> Path:
    if looks_like_folder(wanted):
        return local_model(wanted)
    return fetch_model(settings, whisper_model(wanted))


def _check_tokenizer(folder: Path) -> None:
    """Read the file once, since the tokenizers library raises no exception of its own for it."""
    content = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    if not isinstance(content, dict) or "model" not in content:
        raise ValueError("tokenizer.json holds no tokenizer")
