"""`make serve`: the server in the foreground, and advice when its engines cannot be loaded."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.settings import (
    AlignmentSettings,
    AsrSettings,
    DiarizationSettings,
    Settings,
    WhisperSettings,
)
from scripts.serve_needs import needed_extra, needed_model
from tests.server import ROOT, WHISPER, free_port, inherited


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose environment is the one that runs the tests."""
    for name in ("app", "scripts", "gunicorn.conf.py", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "scripts").unlink()
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    pins = subprocess.run(
        "cat pyproject.toml constraints.txt scripts/venv.sh | sha256sum | cut -d ' ' -f 1",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (tmp_path / ".venv" / ".cuestream-full").write_text(pins)
    return tmp_path


class Serving:
    """`scripts/serve.sh` with some settings."""

    def __init__(self, checkout: Path, **settings: str) -> None:
        self.port = free_port()
        kept = {**inherited(), **WHISPER}
        kept["CACHE_DIR"] = str(checkout / "cache")
        self.output = checkout / "serve.log"
        with self.output.open("wb") as log:
            self.process = subprocess.Popen(
                ["scripts/serve.sh"],
                cwd=checkout,
                env={**kept, "HOST": "127.0.0.1", "PORT": str(self.port), **settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def status(self) -> int | None:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/ping", trust_env=False).status_code
        except httpx.TransportError:
            return None

    def wait_for(self, status: int) -> None:
        deadline = time.monotonic() + 90
        while self.status() != status:
            assert time.monotonic() < deadline, self.output.read_text()
            assert self.process.poll() is None, self.output.read_text()
            time.sleep(0.1)


@pytest.fixture
def serving() -> Iterator[list[Serving]]:
    started: list[Serving] = []
    yield started
    for one in started:
        if one.process.poll() is None:
            os.killpg(one.process.pid, signal.SIGKILL)


@pytest.mark.parametrize(("number", "path"), [(signal.SIGTERM, "/ping"), (signal.SIGINT, "/alive")])
def test_it_serves_on_the_port_that_is_set_until_it_is_told_to_stop(
    checkout: Path, serving: list[Serving], number: signal.Signals, path: str
) -> None:
    (checkout / ".env").write_text(f"HEALTH_CHECK_PATH={path}\n")
    serving.append(Serving(checkout))
    serving[0].wait_for(200)
    checked = httpx.get(f"http://127.0.0.1:{serving[0].port}{path}", trust_env=False)
    assert checked.status_code == 200, "the file of settings counts"
    serving[0].process.send_signal(number)
    assert serving[0].process.wait(40) == 0
    assert serving[0].status() is None, "the server is gone, not only the script"


@pytest.mark.gpu
def test_engines_that_cannot_be_loaded_end_it_with_advice(
    checkout: Path, serving: list[Serving]
) -> None:
    settings = {"ASR_ENGINE": "whisperx", "WHISPER_MODEL": "/no/such/model"}
    serving.append(Serving(checkout, LOAD_FAILURE_EXIT_S="0.5", **settings))
    assert serving[0].process.wait(120) == 3
    text = serving[0].output.read_text()
    assert "names a folder that does not exist" in text
    assert "The engines could not be loaded" in text
    assert "must be a size that can be downloaded" in text
    assert "`fetch NAME` downloads one" in text
    assert "env -u ASR_ENGINE -u TRANSLATION_PROVIDER -u LLM_PROVIDER make serve" in text


def test_any_other_failure_comes_without_that_advice(
    checkout: Path, serving: list[Serving]
) -> None:
    serving.append(Serving(checkout, GPUS="0"))
    assert serving[0].process.wait(60) not in (0, 3)
    assert "could not be loaded" not in serving[0].output.read_text()


@pytest.mark.parametrize(
    ("settings", "gpus", "extra"),
    [
        (Settings(), 0, ""),
        (Settings(), 1, "gpu"),
        (Settings(asr=AsrSettings(device="cpu")), 1, ""),
        (Settings(asr=AsrSettings(engine="parakeet")), 0, "parakeet"),
        (Settings(alignment=AlignmentSettings(enabled=True)), 0, "gpu"),
        (Settings(diarization=DiarizationSettings(enabled=True)), 0, "gpu"),
    ],
)
def test_the_gpu_libraries_are_installed_only_where_they_are_used(
    settings: Settings, gpus: int, extra: str
) -> None:
    assert needed_extra(settings, gpus) == extra


@pytest.mark.parametrize(
    ("settings", "gpus", "model"),
    [
        (Settings(), 0, "base"),
        (Settings(asr=AsrSettings(device="cpu")), 1, "base"),
        (Settings(whisper=WhisperSettings(model="small")), 1, "small"),
        (Settings(asr=AsrSettings(engine="parakeet")), 0, ""),
        (Settings(asr=AsrSettings(enabled=False)), 0, ""),
    ],
)
def test_the_model_that_the_server_loads_is_fetched_before(
    settings: Settings, gpus: int, model: str
) -> None:
    assert needed_model(settings, gpus) == model
