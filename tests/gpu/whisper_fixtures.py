"""Scripted audio for tests of Whisper, with a recorder of the model's calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.audio import Audio
from app.gpu.protocols import Window
from app.settings import AsrSettings, Settings, WhisperSettings
from scripts.fixtures.scripted_whisper import Script

ENGLISH = "Hello there, my friend. How are you today?"
SPANISH = "Buenos días a todos. ¿Cómo están ustedes?"
CHINESE = "今天天气很好。我们回家吧。"
GERMAN = "Das ist nicht sicher."
FRENCH = "na na na na na na na na na na na na na na na na na na na na na na na na"

SCRIPTS = (
    Script("en", f" {ENGLISH}"),
    Script("es", f" {SPANISH}"),
    Script("zh", CHINESE),
    Script("de", f" {GERMAN}", logit=12),
    Script("fr", f" {FRENCH}", logit=12),
)
"""The first four are detected by their pitch. German is unsure of itself, French a loop."""


def tone(hz: float, seconds: float = 6.0) -> NDArray[np.float32]:
    """Return a pure tone."""
    turns = hz * np.arange(int(seconds * 16_000)) / 16_000
    return (0.3 * np.sin(2 * np.pi * turns)).astype(np.float32)


def window(
    language: str | None = None,
    *,
    hz: float = 440,
    seconds: float = 6.0,
    start_ms: int = 0,
    prompt: str = "",
    allowed: tuple[str, ...] = (),
) -> Window:
    """Return a window that holds a tone."""
    return Window(Audio(tone(hz, seconds), start_ms * 16), language, prompt, allowed)


def settings_for(folder: Path, **whisper: Any) -> Settings:
    """Return settings for a model in a folder, on one CPU thread."""
    return Settings(
        asr=AsrSettings(device="cpu", batch_size=16),
        whisper=WhisperSettings(model=str(folder), **{"cpu_threads": 1, **whisper}),
    )


@dataclass(frozen=True, slots=True)
class Call:
    """One call of `generate`."""

    windows: int
    temperature: float
    beams: int
    longest: int


@dataclass
class WatchedModel:
    """Forwards to a CTranslate2 model, recording what was decoded."""

    model: Any
    calls: list[Call] = field(default_factory=list)
    encoded: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    detected: list[int] = field(default_factory=list)
    detects: list[tuple[str, float]] = field(default_factory=list)
    cancel_after_first: Event | None = None
    fault: Exception | None = None

    def encode(self, features: Any) -> Any:
        self.encoded.append(features.shape[0])
        self.lengths.append(features.shape[2])
        return self.model.encode(features)

    def detect_language(self, features: Any) -> Any:
        self.detected.append(features.shape[0])
        detected = self.model.detect_language(features)
        return [self.detects] * len(detected) if self.detects else detected

    def generate(self, features: Any, prompts: Any, **options: Any) -> Any:
        if self.fault is not None:
            raise self.fault
        results = self.model.generate(features, prompts, **options)
        temperature = options.get("sampling_temperature", 0.0)
        longest = max(len(ids) for result in results for ids in result.sequences_ids)
        self.calls.append(Call(len(prompts), temperature, options["beam_size"], longest))
        if self.cancel_after_first is not None:
            self.cancel_after_first.set()
        return results

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)
