"""Rows of the engine contract: each engine of the registry, loadable without GPU and network.

A new engine gets a row here; `test_engine_contract.py` does the rest.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.settings import (
    AsrSettings,
    AudioApiSettings,
    EndpointSettings,
    ParakeetSettings,
    Settings,
)

Settle = Callable[..., Settings]
"""Takes a model's folder and fields of the engine's group."""


def _no_model(folder: Path) -> Path:
    return folder


@dataclass(frozen=True)
class EngineRow:
    """One engine.

    Attributes:
        target: as the registry writes it.
        settings: of a server that uses it.
        group: its settings group; empty where it reads none of its own.
        changes: another value of each field of the group that changes its output.
        neutral: another value of each field that does not.
        models: the field that names its model, if one does; see `write_model`.
        write_model: writes a small model into a folder that is made for it.
        needs: package without which it cannot be loaded.
        device: where it runs.
    """

    target: str
    settings: Settle
    group: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    neutral: Mapping[str, Any] = field(default_factory=dict)
    models: str = ""
    write_model: Callable[[Path], Path] = _no_model
    needs: str = ""
    device: str = "cpu"

    @property
    def folder(self) -> str:
        """Package or module below ``app.gpu.engines``."""
        return self.target.partition(":")[0].removeprefix("app.gpu.engines.").split(".")[0]

    def parameter(self) -> Any:
        """Return it as a parameter of a test, marked where it needs an extra."""
        marks = [pytest.mark.gpu] if self.needs in {"torch", "pyannote.audio"} else []
        return pytest.param(self, id=self.folder, marks=marks)


def _plain(model: Path) -> Settings:
    return Settings(asr=AsrSettings(device="cpu", lanes=1))


def _whisper(model: Path, **fields: Any) -> Settings:
    from tests.gpu.whisper_fixtures import settings_for

    return settings_for(model, **fields)


def _whisper_model(folder: Path) -> Path:
    from app.gpu.engines.whisperx.whisper_vocabulary import HINT_TOKENS
    from scripts.fixtures.scripted_whisper import build_scripted
    from tests.gpu.whisper_fixtures import SCRIPTS

    return build_scripted(folder, SCRIPTS, prefixes=(3, 3 + 1 + HINT_TOKENS))


def _parakeet(model: Path, **fields: Any) -> Settings:
    parakeet = ParakeetSettings(**{"model": str(model), "cpu_threads": 1, **fields})
    return Settings(asr=AsrSettings(device="cpu", engine="parakeet"), parakeet=parakeet)


def _parakeet_model(folder: Path) -> Path:
    from tests.gpu.engines.parakeet_fixtures import build

    build(folder)
    for name in ("encoder-model", "decoder_joint-model"):
        shutil.copyfile(folder / f"{name}.onnx", folder / f"{name}.int8.onnx")
    return folder


def _wav2vec2(model: Path, **fields: Any) -> Settings:
    from tests.gpu.aligner_fixtures import settings_for

    return settings_for(f"en={model}", **fields)


def _wav2vec2_model(folder: Path) -> Path:
    from tests.gpu.aligner_fixtures import tiny_wav2vec2

    return tiny_wav2vec2(folder)


def _pyannote(model: Path, **fields: Any) -> Settings:
    from tests.gpu.diarizer_fixtures import settings_for

    return settings_for(model, **fields)


def _pyannote_model(folder: Path) -> Path:
    from tests.gpu.diarizer_fixtures import build_pipeline

    return build_pipeline(folder, hard=True)


def _audio_api(folder: Path, /, **fields: Any) -> Settings:
    api = AudioApiSettings(**{"base_url": "http://127.0.0.1:9/v1", **fields})
    return Settings(asr=AsrSettings(engine="openai"), audio_api=api)


def _endpoint(folder: Path, /, **fields: Any) -> Settings:
    urls = {"transcription_url": "http://127.0.0.1:9", "diarization_url": "http://127.0.0.1:9/d"}
    return Settings(endpoints=EndpointSettings(**{**urls, **fields}))


_ENDPOINT_NEUTRAL: Mapping[str, Any] = {
    "runpod_api_key": "key",
    "endpoint_api_key": "key",
    "endpoint_concurrency": 2,
    "endpoint_timeout_s": 5,
    "endpoint_attempts": 1,
    "endpoint_max_request_mb": 30,
    "transcription_endpoint_id": "unused",
    "diarization_endpoint_id": "unused",
    "runpod_api_url": "http://127.0.0.1:9/v2",
}
"""Where an address is set, neither the ids of queues nor their API count."""

ROWS = (
    EngineRow("app.gpu.engines.silero_vad:SileroVad", _plain),
    EngineRow(
        "app.gpu.engines.whisperx:WhisperxTranscriber",
        _whisper,
        group="whisper",
        changes={
            "language": "es",
            "beam_size": 2,
            "compute_type": "float32",
            "no_speech_threshold": 0.7,
            "logprob_threshold": -0.5,
            "compression_ratio_threshold": 3.0,
            "temperatures": (0.0, 0.4),
            "allowed_languages": ("en", "es"),
            "buckets_s": (30,),
        },
        neutral={"cpu_threads": 2},
        models="model",
        write_model=_whisper_model,
        needs="torch",
    ),
    EngineRow(
        "app.gpu.engines.parakeet:ParakeetTranscriber",
        _parakeet,
        group="parakeet",
        changes={"quantization": "int8"},
        neutral={"cpu_threads": 2},
        models="model",
        write_model=_parakeet_model,
        needs="onnx_asr",
    ),
    EngineRow(
        "app.gpu.engines.wav2vec2:Wav2Vec2Aligner",
        _wav2vec2,
        group="alignment",
        neutral={"preload": ("en",), "max_loaded": 1, "batch_size": 3},
        models="models",
        write_model=_wav2vec2_model,
        needs="torch",
    ),
    EngineRow(
        "app.gpu.engines.pyannote:PyannoteDiarizer",
        _pyannote,
        group="diarization",
        changes={"min_speakers": 2, "max_speakers": 3},
        neutral={"batch_size": 3},
        models="model",
        write_model=_pyannote_model,
        needs="pyannote.audio",
    ),
    EngineRow(
        "app.gpu.engines.audio_api:AudioApiTranscriber",
        _audio_api,
        group="audio_api",
        changes={"base_url": "http://127.0.0.1:9/v2", "model": "other", "max_file_mb": 0.5},
        neutral={
            "api_key": "key",
            "concurrency": 2,
            "attempts": 1,
            "timeout_s": 5,
            "price_per_minute_usd": 1,
            "least_billed_s": 1,
        },
        device="remote",
    ),
    EngineRow(
        "app.gpu.engines.endpoints:EndpointTranscriber",
        _endpoint,
        group="endpoints",
        changes={"transcription_url": "http://127.0.0.1:9/t", "endpoint_revision": "2"},
        neutral={**_ENDPOINT_NEUTRAL, "diarization_url": "http://127.0.0.1:9/e"},
        device="remote",
    ),
    EngineRow(
        "app.gpu.engines.endpoints:EndpointDiarizer",
        _endpoint,
        group="endpoints",
        changes={"diarization_url": "http://127.0.0.1:9/e", "endpoint_revision": "2"},
        neutral={**_ENDPOINT_NEUTRAL, "transcription_url": "http://127.0.0.1:9/t"},
        device="remote",
    ),
)
