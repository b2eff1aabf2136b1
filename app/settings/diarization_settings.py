"""Settings of speaker diarization."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.settings.group import Group, config, names


class DiarizationSettings(Group):
    """Telling speakers apart."""

    enabled: bool = Field(
        False, validation_alias=names("DIARIZATION_ENABLED", "ENABLE_DIARIZATION")
    )
    """Whether requests may ask for speakers. Needs the `gpu` extra, and for pyannote's gated models
    `HF_TOKEN` of an account that has accepted their licence on the hub."""
    engine: Literal["pyannote", "endpoint"] = "pyannote"
    """Diarizer: `pyannote` is pyannote.audio; `endpoint` is a worker with ROLE=diarization
    elsewhere, which ROLE=orchestrator sets."""
    model: str = "pyannote/speaker-diarization-community-1"
    """Hub id of a pyannote pipeline, such as `pyannote/speaker-diarization-3.1`, or a local
    folder with its config.yaml. `community-1` and `3.1` are short for pyannote's."""
    min_speakers: int | None = Field(
        None, ge=0, validation_alias=names("DIARIZATION_MIN_SPEAKERS", "MIN_SPEAKERS")
    )
    """Fewest speakers when a request does not say; 0 or unset to find out."""
    max_speakers: int | None = Field(
        None, ge=0, validation_alias=names("DIARIZATION_MAX_SPEAKERS", "MAX_SPEAKERS")
    )
    """Most speakers when a request does not say; 0 or unset to find out."""
    batch_size: int | None = Field(None, ge=1)
    """Ten-second chunks, one begun each second, that go through a network at once. 32 on a GPU and
    1 on a CPU unless set; halved by itself when memory runs out."""

    model_config = config("DIARIZATION_")
