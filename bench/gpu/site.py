"""Site of the measurement: a device, its ceilings, models with random weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.domain.audio import Audio
from app.domain.time import SAMPLE_RATE_HZ
from app.gpu.device import Device
from app.settings import (
    AlignmentSettings,
    AsrSettings,
    DiarizationSettings,
    JobSettings,
    Settings,
    WhisperSettings,
)
from bench.gpu.ceilings import Ceilings
from bench.gpu.other_weights import write_aligner, write_voices
from bench.gpu.plan import Plan
from bench.gpu.shapes import WhisperShape
from bench.gpu.whisper_weights import write_whisper

WINDOW_S = 28
"""Of a job's windows but its first: what speech that is cut at pauses comes to."""
FIRST_S = 10
TOKENS = 66
"""That each window's text has, its end included; counted on the made vocabulary."""


@dataclass(frozen=True, slots=True)
class Site:
    """A device and what is measured on it.

    Attributes:
        folder: for models.
        report: called with a description of each step that begins.
    """

    plan: Plan
    device: Device
    folder: Path
    ceilings: Ceilings
    report: Callable[[str], None]

    def whisper(self, shape: WhisperShape) -> Path:
        """Return the folder of a model, made when it is first asked for."""
        folder = self.folder / shape.name
        if not (folder / "model.bin").exists():
            self.report(f"making {shape.name}")
            write_whisper(folder, shape, "float16" if self.device == "cuda" else "int8")
        return folder

    @property
    def voices(self) -> Path:
        """The folder of the diarization pipeline."""
        return self._made("voices", lambda folder: write_voices(folder, self.plan.voices))

    @property
    def aligner(self) -> Path:
        """The folder of the aligner."""
        return self._made("aligner", lambda folder: write_aligner(folder, self.plan.aligner))

    def settings(self, batch: int | None = None, *, everything: bool = False) -> Settings:
        """Return settings for our engines with these models.

        Args:
            batch: windows in one call; None for the device's default.
            everything: exact word times and speakers too.
        """
        model = str(self.whisper(self.plan.first))
        # The models have random weights and transcribe no words, so they would fail a self-test.
        chosen = Settings(
            asr=AsrSettings(
                engine="whisperx", device=self.device, batch_size=batch, self_test=False
            ),
            whisper=WhisperSettings(model=model, language="en"),
            alignment=AlignmentSettings(enabled=False),
            diarization=DiarizationSettings(model=str(self.voices)),
            jobs=JobSettings(transcript_cache_windows=0),
        )
        if not everything:
            return chosen
        groups = {
            "alignment": AlignmentSettings(enabled=True, models=(f"en={self.aligner}",)),
            "diarization": DiarizationSettings(enabled=True, model=str(self.voices)),
        }
        return chosen.model_copy(update=groups)

    def _made(self, name: str, make: Callable[[Path], Path]) -> Path:
        folder = self.folder / name
        if not folder.exists():
            self.report(f"making the {name}")
            make(folder)
        return folder


def noise(seconds: float, start_s: float = 0, seed: int = 0) -> Audio:
    """Return white noise."""
    samples = round(seconds * SAMPLE_RATE_HZ)
    made = np.random.default_rng(seed).standard_normal(samples, np.float32) * np.float32(0.1)
    return Audio(made, round(start_s * SAMPLE_RATE_HZ))
