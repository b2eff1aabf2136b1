"""Sounds are described where they are wanted, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from app.domain.audio import Audio
from app.gpu.engines.whisperx import WhisperxTranscriber
from app.gpu.protocols import Prepared, Window
from tests.real_models import whisper_settings

NOTES_HZ = (262, 294, 330, 392, 440, 523)


@pytest.fixture(scope="module")
def transcriber() -> WhisperxTranscriber:
    return WhisperxTranscriber(whisper_settings())


def melody() -> Audio:
    """Eight seconds of plucked notes."""
    time_s = np.arange(4000) / 16_000
    notes = np.random.default_rng(0).choice(NOTES_HZ, 32)
    plucked = [np.sin(2 * np.pi * note * time_s) * np.exp(-8 * time_s) for note in notes]
    return Audio((0.3 * np.concatenate(plucked)).astype(np.float32))


def transcribed(transcriber: WhisperxTranscriber, *, sounds: bool) -> str:
    window: Prepared = transcriber.prepare(Window(melody(), sounds=sounds))
    while True:
        [found] = transcriber.decode([window])
        if isinstance(found, list):
            return " ".join(segment.text for segment in found)
        window = found


def test_music_is_described_on_request_alone(transcriber: WhisperxTranscriber) -> None:
    assert "music" in transcribed(transcriber, sounds=True).lower()
    assert not set("[(♪") & set(transcribed(transcriber, sounds=False))
