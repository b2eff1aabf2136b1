"""gunicorn's configuration, by running gunicorn with it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.server import ROOT, free_port

GUNICORN = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py"]
TINY = "tests.packaging.tiny_app:app"


def environment(**settings: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "HOST": "127.0.0.1", **settings}


def effective(**settings: str) -> dict[str, str]:
    """Return gunicorn's own idea of its settings."""
    done = subprocess.run(
        [*GUNICORN, "--print-config"],
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(re.findall(r"^(\w+)\s+= (.*)$", done.stdout, re.MULTILINE))


class Running:
    """gunicorn with a small application."""

    def __init__(self, folder: Path, app: str = TINY, **settings: str) -> None:
        self.port = int(settings.setdefault("PORT", str(free_port())))
        self.log_path = folder / "gunicorn.log"
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*GUNICORN, app],
                cwd=ROOT,
                env=environment(**settings),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def gpus(self, count: int) -> dict[int, str | None]:
        """Ask until so many workers have answered; return the GPU that each sees."""
        seen: dict[int, str | None] = {}
        deadline = time.monotonic() + 30
        while len(seen) < count:
            assert time.monotonic() < deadline, (seen, self.log)
            try:
                told = httpx.get(f"http://127.0.0.1:{self.port}/", trust_env=False, timeout=5)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            worker = told.json()
            seen[worker["pid"]] = worker["gpu"]
            seen = {pid: gpu for pid, gpu in seen.items() if psutil.pid_exists(pid)}
        return seen

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(30)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(app: str = TINY, **settings: str) -> Running:
        started.append(Running(tmp_path, app, **settings))
        return started[-1]

    yield start
    for running in started:
        running.end()


def test_what_is_not_set_has_the_values_that_streams_need() -> None:
    config = effective(MODE="local")
    assert config["bind"] == "['127.0.0.1:5001']"
    assert config["workers"] == "1"
    assert "CuestreamWorker" in config["worker_class"]
    assert config["preload_app"] == "False"
    assert config["max_requests"] == "0"
    assert config["backlog"] == "4096"
    assert int(config["keepalive"]) >= 75
    assert config["graceful_timeout"] == "25"
    assert config["wsgi_app"] == "app.main:create_app()"


@pytest.mark.parametrize(
    ("settings", "bind"),
    [
        ({"PORT": "5000"}, "127.0.0.1:5000"),
        ({"HOST": "0.0.0.0", "RUNPOD_ENDPOINT_ID": "e"}, "0.0.0.0:80"),
        ({"HOST": "::", "PORT": "7"}, "[::]:7"),
    ],
)
def test_runpod_05_the_port_is_the_settings_own(settings: dict[str, str], bind: str) -> None:
    assert effective(**settings)["bind"] == f"['{bind}']"


def test_log_level_and_workers_come_from_the_settings() -> None:
    config = effective(LOG_LEVEL="WARNING", GPUS="3")
    assert config["loglevel"] == "warning"
    assert config["workers"] == "3"


def test_a_single_worker_sees_what_the_machine_shows(run: Callable[..., Running]) -> None:
    assert list(run().gpus(1).values()) == [None]


def test_each_worker_sees_its_own_gpu_and_a_new_one_takes_the_free_one(
    run: Callable[..., Running],
) -> None:
    running = run(GPUS="2", CUDA_VISIBLE_DEVICES="4, GPU-6f")
    before = running.gpus(2)
    assert sorted(str(gpu) for gpu in before.values()) == ["4", "GPU-6f"]
    lost = next(pid for pid, gpu in before.items() if gpu == "GPU-6f")
    os.kill(lost, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(lost)] if psutil.pid_exists(lost) else [], timeout=10)
    after = running.gpus(2)
    assert lost not in after
    assert sorted(str(gpu) for gpu in after.values()) == ["4", "GPU-6f"]
    assert running.end() == 0


def test_more_workers_than_gpus_are_refused(run: Callable[..., Running]) -> None:
    running = run(GPUS="3", CUDA_VISIBLE_DEVICES="0,1")
    assert running.process.wait(30) == 2
    assert "GPUS is 3, but this machine shows 2" in running.log


def test_workers_leave_when_their_master_was_killed(run: Callable[..., Running]) -> None:
    running = run()
    worker = psutil.Process(next(iter(running.gpus(1))))
    running.process.kill()
    _, alive = psutil.wait_procs([worker], timeout=30)
    assert alive == []
    assert "The master process is gone" in running.log


def test_a_port_in_use_is_said_once_and_at_once(run: Callable[..., Running]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        running = run(PORT=str(port))
        assert running.process.wait(30) == 1
    assert running.log.count(f"port {port} is in use. Set PORT to a free one") == 1
    assert "Retrying" not in running.log
    assert "Traceback" not in running.log


def test_a_wrong_setting_is_named_without_a_traceback(run: Callable[..., Running]) -> None:
    running = run(PORT_HEALTH="soon")
    assert running.process.wait(30) == 2
    assert "PORT_HEALTH: Input should be a valid integer" in running.log
    assert "Traceback" not in running.log


def test_an_application_that_cannot_start_ends_the_master_with_3(
    run: Callable[..., Running],
) -> None:
    running = run("tests.packaging.tiny_app:broken")
    assert running.process.wait(60) == 3
    assert running.log.count("Booting worker") == 1, "it is not started again and again"


def test_every_line_is_json_when_asked(run: Callable[..., Running]) -> None:
    running = run(LOG_JSON="true")
    running.gpus(1)
    assert running.end() == 0
    lines = [json.loads(line) for line in running.log.splitlines()]
    assert any(line["event"].startswith("Listening at") for line in lines)
    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)
