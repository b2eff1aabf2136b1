"""Real Whisper checkpoints in the hub's cache, which all tests and the servers they start share."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from app.settings import AlignmentSettings, AsrSettings, Settings, WhisperSettings

TINY_ENGLISH = "tiny.en"
"""Quick to load and to decode, and hears clear English well."""


@cache
def whisper_folder(name: str) -> Path:
    """Return the folder of a Whisper of that size name, fetched if need be.

    Raises:
        OSError: it is not in the cache, and the hub cannot be reached.
    """
    from faster_whisper import download_model
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(download_model(name, local_files_only=True))
    except LocalEntryNotFoundError:
        return Path(download_model(name))


def whisper_settings(name: str = TINY_ENGLISH, **whisper: Any) -> Settings:
    """Return settings of a real Whisper on one CPU thread, without aligner."""
    fields = {"model": str(whisper_folder(name)), "cpu_threads": 1, "beam_size": 1, **whisper}
    return Settings(
        asr=AsrSettings(engine="whisperx", device="cpu"),
        whisper=WhisperSettings(**fields),
        alignment=AlignmentSettings(enabled=False),
    )
