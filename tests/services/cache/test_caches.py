"""Folders of the caches, and keys of transcripts."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.domain.language import Language
from app.domain.request import SpeakerCount
from app.gpu.engine_manager import EngineManager
from app.gpu.loaded_engines import Engines
from app.services.cache.transcript_keys import (
    diarized_recording_key,
    recording_key,
    translated_recording_key,
    window_key,
)
from app.settings import CacheSettings, VadSettings
from app.settings.cache_settings import default_folder
from tests.gpu.fake_engine import FakeEngine
from tests.real_models import whisper_settings

ENGLISH = Language("en")


def test_a_network_volume_is_taken_where_it_is_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder(Path("/proc")) == Path("/proc/cuestream"), "mounted in any Linux"
    volume = tmp_path / "volume"
    assert default_folder(volume) == tmp_path / ".cache" / "cuestream"
    volume.mkdir()
    assert default_folder(volume) == tmp_path / ".cache" / "cuestream", "an empty mount point"


def test_a_folder_that_is_named_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CACHE_DIR", "~/mine")
    assert CacheSettings().folder == tmp_path / "mine"
    monkeypatch.delenv("CACHE_DIR")
    assert CacheSettings().folder.parent.name in (".cache", "runpod-volume")


async def test_cache_keys_of_engines_are_part_of_the_keys_of_transcripts() -> None:
    room = EngineManager(whisper_settings())
    try:
        await room.load()
        engines = room.engines
        assert engines.transcriber_cache_key.startswith("ctranslate2 ")
        assert "faster-whisper" in engines.vad.cache_key
    finally:
        room.close()
    _check_keys(engines)


def _check_keys(engines: Engines) -> None:
    """Everything that changes the words changes the key."""
    other = Engines(engines.vad, engines.scheduler, "another model")
    timer: Any = FakeEngine()
    windowing, shorter = VadSettings(), VadSettings(window_ms=9000)
    transcribed = {
        window_key(engines, windowing, None, ""),
        window_key(engines, windowing, ENGLISH, ""),
        window_key(engines, windowing, None, "names"),
        window_key(engines, windowing, None, "", ("en", "es")),
        window_key(engines, windowing, None, "", task="translate"),
        window_key(engines, shorter, None, ""),
        window_key(other, windowing, None, ""),
        window_key(replace(engines, vad=timer), windowing, None, ""),
    }
    assert len(transcribed) == 8
    recordings = {
        recording_key(engines, windowing, None, ""),
        recording_key(engines, shorter, None, ""),
        recording_key(other, windowing, None, ""),
        recording_key(replace(engines, vad=timer), windowing, None, ""),
        recording_key(replace(engines, aligner=timer), windowing, None, ""),
        recording_key(engines, windowing, None, "", task="translate"),
        translated_recording_key(recording_key(engines, windowing, None, "")),
    }
    assert len(recordings) == 7
    [recording, *_] = recordings
    speakers = {
        diarized_recording_key(recording, diarizer, count)
        for diarizer in (timer, engines.vad)
        for count in (SpeakerCount(), SpeakerCount(exact=2))
    }
    assert len(speakers) == 4
