"""Silero as a stream."""

import numpy as np

from app.gpu.engines.silero_vad import SileroVad
from app.settings import Settings
from tests.conftest import Speech


def test_a_stream_hears_what_the_whole_hears(speech: Speech) -> None:
    samples = speech.samples("Where did you put the keys to the car yesterday evening?")
    samples = samples[: len(samples) // 512 * 512]
    vad = SileroVad(Settings())
    whole, _ = vad.detect(samples, None)
    state = None
    parts = []
    for start in range(0, len(samples), 1536):
        part, state = vad.detect(samples[start : start + 1536], state)
        parts.append(part)
    assert np.allclose(np.concatenate(parts), whole, atol=1e-5)
    assert (whole > 0.5).mean() > 0.5


def test_silence_and_noise_are_not_speech() -> None:
    vad = SileroVad(Settings())
    noise = np.random.default_rng(1).normal(0, 0.05, 512 * 60).astype(np.float32)
    for samples in (np.zeros(512 * 60, np.float32), noise):
        probabilities, _ = vad.detect(samples, None)
        assert probabilities.shape == (60,)
        assert (probabilities < 0.5).mean() > 0.9
