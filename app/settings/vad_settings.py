"""Settings of voice activity detection."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.settings.group import Group, config


class VadSettings(Group):
    """Finding speech and cutting it into windows."""

    engine: Literal["silero"] = "silero"
    """Voice activity detector."""
    threshold: float = Field(0.5, gt=0, lt=1)
    """Probability from which a frame counts as speech. Lower it when quiet speech is lost."""
    min_silence_ms: int = Field(250, ge=32)
    """Silence that separates two stretches of speech."""
    pad_ms: int = Field(400, ge=0)
    """Audio kept around speech, half of the pause at most, so that soft beginnings and endings
    survive; with less, Whisper loses first sounds."""
    first_window_ms: int = Field(8_000, ge=1000, le=12_000)
    """From this length on, the first window ends at the next silence; at 12 s in any case."""
    window_ms: int = Field(20_000, ge=2000, le=30_000)
    """Later windows are filled up to 30 s and cut in the best pause from this length on."""
    max_gap_ms: int = Field(3_000, ge=0)
    """A longer silence ends a window."""

    model_config = config("VAD_")
