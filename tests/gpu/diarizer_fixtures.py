"""Diarization pipelines with random weights for tests, beside pyannote's own inference."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from app.domain.request import SpeakerCount
from app.domain.transcript import SpeakerTurn
from app.gpu.engines.pyannote import PyannoteDiarizer
from app.gpu.protocols import DiarizationState
from app.settings import AsrSettings, DiarizationSettings, Settings
from tests.conftest import ROOT, read_samples

SLOTS = 3
EMBEDDING = {"num_mel_bins": 40, "m_channels": 8, "embed_dim": 64}

UNKNOWN = SpeakerCount()

AHC = {"method": "centroid", "min_cluster_size": 4, "threshold": 0.05}
VBX = {"threshold": 0.6, "Fa": 0.07, "Fb": 0.8}


def build_pipeline(folder: Path, *, hard: bool = False, vbx: bool = False, **params: Any) -> Path:
    """Write a pipeline with random speaker embeddings.

    Args:
        folder: where.
        hard: segment with random weights of the newer kind, else with the real model that
            whisperx carries.
        vbx: cluster as community-1 does, with a random PLDA.
        params: of the pipeline, over ours.
    """
    clustering = "VBxClustering" if vbx else "AgglomerativeClustering"
    given = {
        "segmentation": "$model/segmentation",
        "segmentation_step": 0.2,
        "embedding": "$model/embedding",
        "clustering": clustering,
        "plda": "$model/plda",
        **params,
    }
    for part in ("segmentation", "embedding", "plda"):
        (folder / part).mkdir(parents=True)
    _write_segmentation(folder / "segmentation" / "pytorch_model.bin", hard=hard)
    _write_embedding(folder / "embedding" / "pytorch_model.bin")
    _write_plda(folder / "plda")
    segmentation = {
        "min_duration_off": 0.0 if hard else 0.1,
        **({} if hard else {"threshold": 0.5}),
    }
    config = {
        "pipeline": {"name": "pyannote.audio.pipelines.SpeakerDiarization", "params": given},
        "params": {"segmentation": segmentation, "clustering": VBX if vbx else AHC},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


def _write_segmentation(path: Path, *, hard: bool) -> None:
    if not hard:
        import importlib.util

        spec = importlib.util.find_spec("whisperx")
        assert spec is not None
        assert spec.origin is not None
        shutil.copyfile(Path(spec.origin).parent / "assets" / "pytorch_model.bin", path)
        return
    import torch
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.segmentation import PyanNet

    torch.manual_seed(1)
    network = PyanNet(
        sincnet={"stride": 10}, lstm={"hidden_size": 16, "num_layers": 1}, linear={"num_layers": 0}
    )
    network.specifications = Specifications(
        Problem.MONO_LABEL_CLASSIFICATION,
        Resolution.FRAME,
        duration=5.0,
        classes=["a", "b", "c"],
        powerset_max_classes=2,
        permutation_invariant=True,
    )
    network.build()
    with torch.no_grad():
        # Random weights would choose one class throughout.
        network.classifier.weight.mul_(200)
    _save(network, path)


def _write_embedding(path: Path) -> None:
    import torch

    from scripts.fixtures.speaker_network import SmallWeSpeakerResNet

    torch.manual_seed(2)
    SmallWeSpeakerResNet(**EMBEDDING).save(path)


def _write_plda(folder: Path) -> None:
    random = np.random.default_rng(3)
    size = EMBEDDING["embed_dim"]
    np.savez(
        folder / "xvec_transform.npz",
        mean1=random.normal(size=size),
        mean2=random.normal(size=size // 2),
        lda=random.normal(size=(size, size // 2)),
    )
    np.savez(
        folder / "plda.npz",
        mu=random.normal(size=size // 2),
        tr=random.normal(size=(size // 2, size // 2)),
        psi=np.sort(random.uniform(0.1, 5, size // 2))[::-1],
    )


def _save(network: Any, path: Path) -> None:
    import lightning
    import torch

    checkpoint = {
        "epoch": 0,
        "global_step": 0,
        "pytorch-lightning_version": lightning.__version__,
        "state_dict": network.state_dict(),
        "hyper_parameters": dict(network.hparams),
    }
    network.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, path)


def settings_for(model: Path | str, **diarization: Any) -> Settings:
    """Return settings for a pipeline, on a CPU."""
    return Settings(
        asr=AsrSettings(device="cpu"),
        diarization=DiarizationSettings(enabled=True, model=str(model), **diarization),
    )


def talk(seconds: float) -> NDArray[np.float32]:
    """Return the sample with two speakers, over and over."""
    clip = read_samples(ROOT / "fixtures" / "talk" / "two-voices.mp4")
    return np.resize(clip, round(seconds * 16_000)).astype(np.float32)


def process_all(
    engine: PyannoteDiarizer, samples: NDArray[np.float32], pieces: Sequence[int] = ()
) -> DiarizationState:
    """Feed an engine a recording, cut at these lengths over and over."""
    state, at, turn = None, 0, 0
    while state is None or at < len(samples):
        size = pieces[turn % len(pieces)] if pieces else len(samples)
        state = engine.process(samples[at : at + size], state, last=at + size >= len(samples))
        at, turn = at + size, turn + 1
    return state


@dataclass
class Stock:
    """Output of pyannote's own pipeline for a recording."""

    turns: list[tuple[int, int, str]]
    embeddings: NDArray[np.float32] | None = None
    segmentations: NDArray[np.float32] | None = None


def load_stock(folder: Path, chunks: int) -> Any:
    """Load a pipeline as pyannote does, with so many chunks in a batch."""
    from pyannote.audio import Pipeline
    from pyannote.audio.telemetry import set_telemetry_metrics

    set_telemetry_metrics(False)
    pipeline = Pipeline.from_pretrained(folder)
    pipeline.segmentation_batch_size = chunks
    pipeline.embedding_batch_size = chunks * SLOTS
    return pipeline


def run_stock(
    pipeline: Any, samples: NDArray[np.float32], speakers: SpeakerCount = UNKNOWN
) -> Stock:
    """Diarize a whole recording with pyannote's own pipeline."""
    import torch

    seen: dict[str, Any] = {}

    def hook(name: str, artifact: Any, **_: Any) -> None:
        if artifact is not None:
            seen[name] = getattr(artifact, "data", artifact) if name == "segmentation" else artifact

    file = {"waveform": torch.from_numpy(samples)[None], "sample_rate": 16_000, "uri": "talk"}
    done = pipeline(
        file,
        num_speakers=speakers.exact,
        min_speakers=speakers.least,
        max_speakers=speakers.most,
        hook=hook,
    )
    turns = [
        (round(segment.start * 1000), round(segment.end * 1000), str(speaker))
        for segment, _, speaker in done.speaker_diarization.itertracks(yield_label=True)
    ]
    return Stock(turns, seen.get("embeddings"), seen.get("segmentation"))


def renamed(turns: Sequence[tuple[int, int, str]]) -> set[tuple[int, int, str]]:
    """Return turns whose speakers are numbered by first appearance."""
    names: dict[str, str] = {}
    for _, _, speaker in sorted(turns):
        names.setdefault(speaker, f"SPEAKER_{len(names):02d}")
    return {(start, end, names[speaker]) for start, end, speaker in turns}


def plain_turns(turns: Sequence[SpeakerTurn]) -> set[tuple[int, int, str]]:
    """Return turns as plain values."""
    return {(turn.span.start_ms, turn.span.end_ms, turn.speaker) for turn in turns}
