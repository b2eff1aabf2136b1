"""Fixtures of the tests of the command."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.command_process import CLIP


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """An empty folder to run the command in."""
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some seconds of speech; tests copy it."""
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    command = ["ffmpeg", "-v", "error", "-t", "6", "-i", str(CLIP), str(path)]
    subprocess.run(command, check=True)
    return path


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute of speech: several cues, each while the rest is still transcribed."""
    path = tmp_path_factory.mktemp("clip") / "talk.mp4"
    command = ["ffmpeg", "-v", "error", "-i", str(CLIP), "-t", "30", "-c", "copy", str(path)]
    subprocess.run(command, check=True)
    return path
