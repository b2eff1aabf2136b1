"""Random networks of any true shape for an aligner or a diarizer, as the engines load them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from bench.gpu.shapes import COMMUNITY_1, AlignerShape, VoiceShape

_LETTERS = ("<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ")
"""The labels of the base models, in their order. Source: torchaudio's WAV2VEC2_ASR_BASE_960H."""

_CONFIG = """\
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    segmentation: $model/segmentation
    segmentation_step: {step}
    embedding: $model/embedding
    embedding_exclude_overlap: true
    plda: $model/plda
    clustering: VBxClustering
params:
  segmentation:
    min_duration_off: 0.0
  clustering:
    threshold: 0.6
    Fa: 0.07
    Fb: 0.8
"""
"""Source: community-1's config.yaml."""


def write_aligner(folder: Path, shape: AlignerShape) -> Path:
    """Write a wav2vec2 in transformers' form; returns the folder."""
    import torch
    from transformers import (
        Wav2Vec2Config,
        Wav2Vec2CTCTokenizer,
        Wav2Vec2FeatureExtractor,
        Wav2Vec2ForCTC,
        Wav2Vec2Processor,
    )

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(json.dumps({letter: code for code, letter in enumerate(_LETTERS)}))
    torch.manual_seed(0)
    config = Wav2Vec2Config(
        vocab_size=len(_LETTERS),
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.hidden,
        conv_dim=(shape.convolutions,) * 7,
    )
    Wav2Vec2ForCTC(config).save_pretrained(folder)
    extractor = Wav2Vec2FeatureExtractor(do_normalize=False)
    tokenizer = Wav2Vec2CTCTokenizer(str(vocabulary))
    Wav2Vec2Processor(feature_extractor=extractor, tokenizer=tokenizer).save_pretrained(folder)
    return folder


def write_voices(folder: Path, shape: VoiceShape) -> Path:
    """Write a pipeline in pyannote's form, its steps a second each; returns the folder."""
    import torch

    torch.manual_seed(0)
    for part in ("segmentation", "embedding", "plda"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    _save(_segmentation(shape), folder / "segmentation")
    _save(_embedding(shape), folder / "embedding")
    _write_plda(folder / "plda", shape.embedding)
    (folder / "config.yaml").write_text(_CONFIG.format(step=1 / shape.chunk_s))
    return folder


def _segmentation(shape: VoiceShape) -> Any:
    import torch
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.segmentation import PyanNet

    network = PyanNet(
        sincnet={"stride": 10},
        lstm={"hidden_size": shape.hidden, "num_layers": shape.layers, "bidirectional": True},
    )
    network.specifications = Specifications(
        Problem.MONO_LABEL_CLASSIFICATION,
        Resolution.FRAME,
        duration=shape.chunk_s,
        classes=["a", "b", "c"],
        powerset_max_classes=2,
        permutation_invariant=True,
    )
    network.build()
    with torch.no_grad():
        # Random weights would choose one class throughout.
        network.classifier.weight.mul_(200)
    return network


def _embedding(shape: VoiceShape) -> Any:
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding import WeSpeakerResNet34

    from scripts.fixtures.speaker_network import SmallWeSpeakerResNet

    if shape == COMMUNITY_1:
        network = WeSpeakerResNet34()
    else:
        network = SmallWeSpeakerResNet(shape.mels, shape.channels, shape.blocks, shape.embedding)
    network.specifications = Specifications(
        Problem.REPRESENTATION, Resolution.CHUNK, duration=shape.chunk_s
    )
    return network.eval()


def _write_plda(folder: Path, size: int) -> None:
    random, lda_size = np.random.default_rng(0), size // 2
    np.savez(
        folder / "xvec_transform.npz",
        mean1=random.normal(size=size),
        mean2=random.normal(size=lda_size),
        lda=random.normal(size=(size, lda_size)),
    )
    np.savez(
        folder / "plda.npz",
        mu=random.normal(size=lda_size),
        tr=random.normal(size=(lda_size, lda_size)),
        psi=np.sort(random.uniform(0.1, 5, lda_size))[::-1],
    )


def _save(network: Any, folder: Path) -> None:
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
    torch.save(checkpoint, folder / "pytorch_model.bin")
