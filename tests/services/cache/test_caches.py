"""The folder of the caches, and what a transcription key depends on."""

from pathlib import Path

import pytest

from app.domain.language import Language
from app.gpu.engine_manager import EngineManager, Engines
from app.services.cache.fingerprints import recording_hearing, window_hearing
from app.settings import AsrSettings, CacheSettings, Settings, VadSettings, WhisperSettings
from app.settings.cache_settings import default_folder

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


async def test_the_engines_tell_their_revisions() -> None:
    room = EngineManager(Settings(asr=AsrSettings(lanes=1)))
    try:
        await room.load()
        engines = room.engines
        assert engines.revision.startswith("pocketsphinx 5.")
        assert "faster-whisper" in engines.vad.revision
    finally:
        room.close()
    _check_hearings(engines)


def _check_hearings(engines: Engines) -> None:
    """Everything that changes the words is another hearing; what changes none is the same."""
    plain = Settings()
    other = Engines(engines.vad, engines.scheduler, "another model")
    heard = {
        window_hearing(plain, engines, None, ""),
        window_hearing(plain, engines, ENGLISH, ""),
        window_hearing(plain, engines, None, "names"),
        window_hearing(plain, other, None, ""),
        window_hearing(Settings(whisper=WhisperSettings(beam_size=2)), engines, None, ""),
    }
    assert len(heard) == 5
    cut_otherwise = Settings(vad=VadSettings(window_ms=9000))
    assert window_hearing(cut_otherwise, engines, None, "") in heard
    assert recording_hearing(cut_otherwise, engines, None, "") != recording_hearing(
        plain, engines, None, ""
    )
    faster = Settings(
        whisper=WhisperSettings(cpu_threads=7, model="elsewhere/same"), asr=AsrSettings(lanes=3)
    )
    assert window_hearing(faster, engines, None, "") in heard
    assert len({recording_hearing(plain, e, None, "") for e in (engines, other)}) == 2
