"""Whisper models for the tests, built once per session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.gpu.engines.whisperx import WhisperxTranscriber
from tests.gpu.whisper_fixtures import SCRIPTS, WatchedModel, settings_for


@pytest.fixture(scope="session")
def random_whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Whisper with random weights."""
    pytest.importorskip("torch", reason="needs the gpu extra")
    from scripts.fixtures.tiny_whisper import build

    return build(tmp_path_factory.mktemp("random-whisper"))


@pytest.fixture(scope="session")
def scripted_whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Whisper that writes the sentences of `SCRIPTS`, with or without a hint."""
    pytest.importorskip("torch", reason="needs the gpu extra")
    from app.gpu.engines.whisperx.whisper_vocabulary import HINT_TOKENS
    from scripts.fixtures.scripted_whisper import build_scripted

    folder = tmp_path_factory.mktemp("scripted-whisper")
    return build_scripted(folder, SCRIPTS, prefixes=(3, 3 + 1 + HINT_TOKENS))


@pytest.fixture(scope="session")
def transcriber(scripted_whisper: Path) -> WhisperxTranscriber:
    """An engine that follows the scripts, with default settings."""
    return WhisperxTranscriber(settings_for(scripted_whisper))


Watched = tuple[WhisperxTranscriber, WatchedModel]


@pytest.fixture
def watched(scripted_whisper: Path) -> Callable[..., Watched]:
    """Build an engine with its own settings whose model calls are recorded."""

    def make(folder: Path = scripted_whisper, **whisper: Any) -> Watched:
        engine = WhisperxTranscriber(settings_for(folder, **whisper))
        decoder = engine._checkpoint.decoder
        model = WatchedModel(decoder._model)
        decoder._model = model
        return engine, model

    return make
