"""Optional alignment whose models are loaded on demand."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.errors import EngineLoadError
from app.gpu.engine_manager import EngineManager
from app.settings import AlignmentSettings, ModelSettings, Settings
from tests.real_models import whisper_settings


def settings_for(cache: Path, **alignment: bool) -> Settings:
    changes = {
        "alignment": AlignmentSettings(**alignment),
        "models": ModelSettings(model_cache_dir=cache, offline=True),
    }
    return whisper_settings().model_copy(update=changes)


async def test_models_that_were_missing_at_the_start_are_requested_later(tmp_path: Path) -> None:
    manager = EngineManager(settings_for(tmp_path))
    await manager.load()
    try:
        [status] = [status for status in manager.statuses if status.role == "aligner"]
        assert (status.state, "HF_HUB_OFFLINE" in status.error) == ("failed", True)
        aligner = manager.engines.aligner
        assert aligner is not None
        assert not aligner.supports("en")
        assert "HF_HUB_OFFLINE" in aligner.unavailable_reason("en"), "as a notice reports"
    finally:
        manager.close()


async def test_an_aligner_that_was_requested_must_load(tmp_path: Path) -> None:
    manager = EngineManager(settings_for(tmp_path, enabled=True))
    with pytest.raises(EngineLoadError, match="HF_HUB_OFFLINE"):
        await manager.load()
    manager.close()
