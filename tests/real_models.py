"""Real Whisper checkpoints in the hub's cache, which all tests and the servers they start share."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from app.gpu.models.inventory import Inventory
from app.settings import AlignmentSettings, AsrSettings, Settings, WhisperSettings

TINY_ENGLISH = "tiny.en"
"""Quick to load and to decode, and hears clear English well."""


@cache
def whisper_folder(name: str) -> Path:
    """Return the folder of a Whisper of that size name, fetched if need be.

    Raises:
        EngineLoadError: it is not on this machine and cannot be fetched.
    """
    inventory = Inventory(Settings().models)
    return inventory.find(name) or inventory.fetch(name)


def whisper_settings(name: str = TINY_ENGLISH, **whisper: Any) -> Settings:
    """Return settings of a real Whisper on one CPU thread, without aligner."""
    fields = {"model": str(whisper_folder(name)), "cpu_threads": 1, "beam_size": 1, **whisper}
    return Settings(
        asr=AsrSettings(engine="whisperx", device="cpu"),
        whisper=WhisperSettings(**fields),
        alignment=AlignmentSettings(enabled=False),
    )
