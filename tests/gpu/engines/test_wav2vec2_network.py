"""Networks of both families: the same emissions in any company."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the gpu extra")

import torch

from app.domain.audio import Samples
from app.gpu.engines.wav2vec2.alignment_model import ModelLoader
from app.gpu.engines.wav2vec2.wav2vec2_network import TorchaudioBackend, Wav2Vec2Network
from app.settings import ModelSettings
from tests.gpu.aligner_fixtures import tiny_wav2vec2

pytestmark = pytest.mark.gpu


def noise(samples: int, level: float = 0.1) -> Samples:
    return np.random.default_rng(samples).normal(0, level, samples).astype(np.float32)


SOUNDS = [noise(count) for count in (32_000, 9_000, 32_000, 17_777, 480)]


def torchaudio_params(norm: str) -> dict[str, Any]:
    return dict(
        extractor_mode=f"{norm}_norm",
        extractor_conv_layer_config=[(16, 10, 5), *[(16, 3, 2)] * 4, *[(16, 2, 2)] * 2],
        extractor_conv_bias=norm == "layer",
        encoder_embed_dim=32,
        encoder_projection_dropout=0.1,
        encoder_pos_conv_kernel=16,
        encoder_pos_conv_groups=2,
        encoder_num_layers=2,
        encoder_num_heads=2,
        encoder_attention_dropout=0.1,
        encoder_ff_interm_features=64,
        encoder_ff_interm_dropout=0.1,
        encoder_dropout=0.1,
        encoder_layer_norm_first=norm == "layer",
        encoder_layer_drop=0.05,
        aux_num_out=29,
    )


def torchaudio_model(norm: str) -> Any:
    from torchaudio.models import wav2vec2_model

    torch.manual_seed(0)
    return wav2vec2_model(**torchaudio_params(norm)).eval()


@pytest.fixture(params=["group", "layer", "torchaudio-group", "torchaudio-layer"])
def network(request: pytest.FixtureRequest, tmp_path: Path) -> Wav2Vec2Network:
    family, _, norm = request.param.rpartition("-")
    if family:
        return Wav2Vec2Network(TorchaudioBackend(torchaudio_model(norm)), "cpu")
    folder = tiny_wav2vec2(tmp_path / "model", norm=norm)
    loaded = ModelLoader(ModelSettings(), "cpu").load(str(folder), spaced=True).network
    assert isinstance(loaded, Wav2Vec2Network)
    return loaded


def test_company_changes_nothing(network: Wav2Vec2Network) -> None:
    together = network.emissions(SOUNDS)
    for sound, emission in zip(SOUNDS, together, strict=True):
        [alone] = network.emissions([sound])
        assert emission.shape == alone.shape
        assert torch.allclose(emission, alone, atol=1e-4)
    assert not torch.allclose(together[0][:20], together[2][:20] + 1, atol=1e-4)
    assert torch.allclose(together[0].exp().sum(1), torch.ones(len(together[0])), atol=1e-4)


def test_a_sound_that_is_shorter_than_one_frame_has_one(network: Wav2Vec2Network) -> None:
    lengths = [
        len(one) for one in network.emissions([noise(1), noise(399), noise(400), noise(720)])
    ]
    assert lengths == [1, 1, 1, 2]
    assert all(torch.isfinite(one).all() for one in network.emissions([np.zeros(8000, np.float32)]))


@pytest.mark.parametrize("norm", ["group", "layer"])
def test_torchaudios_own_call_says_the_same(norm: str) -> None:
    model = torchaudio_model(norm)
    [ours] = Wav2Vec2Network(TorchaudioBackend(model), "cpu").emissions(SOUNDS[:1])
    with torch.inference_mode():
        theirs = torch.log_softmax(model(torch.from_numpy(SOUNDS[0])[None])[0], -1)[0]
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_pipelines_that_even_out_levels_do_so_sound_by_sound() -> None:
    from torchaudio.pipelines._wav2vec2.utils import _extend_model

    wrapped = _extend_model(torchaudio_model("layer"), normalize_waveform=True)
    quiet = SOUNDS[1] * np.float32(0.1)
    _, ours = Wav2Vec2Network(TorchaudioBackend(wrapped), "cpu").emissions([SOUNDS[0], quiet])
    with torch.inference_mode():
        theirs = torch.log_softmax(wrapped(torch.from_numpy(quiet)[None])[0], -1)[0]
    assert torch.allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize("norm", ["group", "layer"])
def test_transformers_own_call_says_the_same(norm: str, tmp_path: Path) -> None:
    from transformers import Wav2Vec2ForCTC, Wav2Vec2Processor

    folder = tiny_wav2vec2(tmp_path, norm=norm)
    [ours] = (
        ModelLoader(ModelSettings(), "cpu")
        .load(str(folder), spaced=True)
        .network.emissions([SOUNDS[3]])
    )
    processor = Wav2Vec2Processor.from_pretrained(folder)
    inputs = processor(SOUNDS[3], sampling_rate=16_000, return_tensors="pt")
    with torch.inference_mode():
        logits = Wav2Vec2ForCTC.from_pretrained(folder)(inputs.input_values).logits
    assert torch.allclose(ours, torch.log_softmax(logits, -1)[0], atol=1e-4)


class Overflowing:
    """A family whose half precision leaves its range."""

    labels, least_samples, normaliser, batches = 3, 1, None, True

    def __init__(self) -> None:
        self.calls: list[bool] = []

    def features(self, sound: torch.Tensor) -> torch.Tensor:
        return sound[..., None]

    def logits(self, features: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
        half = torch.is_autocast_enabled("cpu")
        self.calls.append(half)
        return features.expand(-1, -1, 3) * (float("inf") if half else 1.0)


def test_numbers_beyond_half_precision_are_computed_again_and_from_then_on_in_single() -> None:
    family = Overflowing()
    network = Wav2Vec2Network(family, "cpu")
    network._half = True
    for _ in range(2):
        assert torch.isfinite(network.emissions([SOUNDS[4]])[0]).all()
    assert family.calls == [True, False, False]
