"""A real server in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import httpx

from tests.real_models import TINY_ENGLISH, whisper_folder
from tests.server_process import ROOT as ROOT
from tests.server_process import start_gunicorn

INHERITED = (
    *("PATH", "HOME", "LANG", "PYTHONPATH", "TMPDIR", "OMP_NUM_THREADS"),
    *("MODEL_CACHE_DIR", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"),
)
"""Variables of the tests that their servers get too: the last ones say where models lie."""

WHISPER: Mapping[str, str] = {
    "ASR_ENGINE": "whisperx",
    "ASR_DEVICE": "cpu",
    "WHISPER_MODEL": TINY_ENGLISH,
    "WHISPER_CPU_THREADS": "1",
    "WHISPER_BEAM_SIZE": "1",
    "ALIGNMENT_ENABLED": "false",
    "HF_HUB_OFFLINE": "1",
}
"""Settings of servers unless a test says otherwise: a real Whisper that loads and hears quickly."""

DEAF: Mapping[str, str] = {"ENABLE_WHISPER": "false"}
"""Settings of a server that loads no engine, for tests that let it hear nothing."""


_UNSEEN = (
    "Task exception was never retrieved",
    "Future exception was never retrieved",
    "Task was destroyed but it is pending",
    "an error occurred during closing of asynchronous generator",
    "Exception ignored in",
    "Error while closing socket",
)
"""What asyncio, Python and gunicorn say of errors that no code of the server has seen."""


def inherited() -> dict[str, str]:
    """Return the variables of the tests that their servers get too."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ}


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServerProcess:
    """gunicorn with the real application on a free loopback port.

    Args:
        folder: for what it writes.
        settings: variables of its environment.
        app: as gunicorn names it.
        executed: whether it is a program of its own, for measurements of its memory.

    Attributes:
        started: process ids of all servers of this test run.
    """

    started: ClassVar[set[int]] = set()

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str],
        app: str = "app.main:create_app()",
        *,
        executed: bool = False,
    ) -> None:
        whisper_folder(TINY_ENGLISH)
        self.port = int(settings.get("PORT", free_port()))
        self.folder = folder
        self.log_path = folder / "server.log"
        usual = {**inherited(), **WHISPER}
        usual |= {"HOST": "127.0.0.1", "RATE_LIMITS_ENABLED": "false"}
        own = {"WORK_DIR": str(folder), "CACHE_DIR": str(folder / "cache"), **settings}
        env = usual | own | {"PORT": str(self.port)}
        self.process = start_gunicorn(app, env, usual, self.log_path, executed=executed)
        self.started.add(self.process.pid)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def client(self, **options: Any) -> httpx.Client:
        """Return a client for this server."""
        return httpx.Client(base_url=self.url, timeout=120, trust_env=False, **options)

    def wait_listening(self, limit_s: float = 90) -> float:
        """Wait until the port accepts; return how long it took since the call."""
        started = time.monotonic()
        while time.monotonic() - started < limit_s:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return time.monotonic() - started
            assert self.process.poll() is None, self.log
            time.sleep(0.02)
        raise AssertionError(f"the port never opened:\n{self.log}")

    def wait_ready(self, limit_s: float = 120) -> None:
        """Wait until the health check answers 200."""
        self.wait_listening()
        deadline = time.monotonic() + limit_s
        with self.client() as client:
            while time.monotonic() < deadline:
                if client.get("/ping").status_code == 200:
                    return
                time.sleep(0.05)
        raise AssertionError(f"the server never became ready:\n{self.log}")

    def wait_exit(self, limit_s: float = 90) -> int:
        """Wait until the server has ended by itself; return its exit code."""
        return self.process.wait(limit_s)

    def stop(self) -> int:
        """Stop it in good order; return its exit code."""
        status = self._ended()
        defects = [line for line in self.log.splitlines() if any(map(line.__contains__, _UNSEEN))]
        assert not defects, f"{defects}:\n{self.log}"
        return status

    def _ended(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                return self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()


@dataclass
class Frames:
    """The server-sent events of a stream: as they were written, and their parsed data."""

    raw: list[bytes] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)
    data: list[dict[str, Any]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    comments: int = 0

    @property
    def stages(self) -> list[dict[str, Any]]:
        return [d for d in self.data if d.get("stage") not in (None, "subtitles")]

    @property
    def batches(self) -> list[dict[str, Any]]:
        return [d for d in self.data if d.get("stage") == "subtitles"]

    @property
    def cues(self) -> list[dict[str, Any]]:
        return [cue for batch in self.batches for cue in batch["subtitles"]]

    @property
    def result(self) -> dict[str, Any] | None:
        return next((d["result"] for d in self.data if "result" in d), None)

    @property
    def error(self) -> dict[str, Any] | None:
        return next((d for d in self.data if "error" in d), None)


def iter_frames(response: httpx.Response) -> Iterator[bytes]:
    """Yield whole frames, each with its terminator."""
    pending = b""
    for chunk in response.iter_raw():
        pending += chunk
        while (end := pending.find(b"\n\n")) >= 0:
            yield pending[: end + 2]
            pending = pending[end + 2 :]
    assert not pending, f"the stream ended inside a frame: {pending[:200]!r}"


def read_frame(frames: Frames, raw: bytes) -> None:
    """Add one frame."""
    frames.raw.append(raw)
    event_id = None
    for line in raw.decode().split("\n"):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            event_id = value
        elif name == "data":
            frames.ids.append(event_id)
            frames.data.append(json.loads(value))
            frames.times.append(time.monotonic())
        elif line.startswith(":"):
            frames.comments += 1


def read_stream(response: httpx.Response, limit: int | None = None) -> Frames:
    """Read a stream to its end, or its first frames with data."""
    frames = Frames()
    for raw in iter_frames(response):
        read_frame(frames, raw)
        if limit is not None and len(frames.data) >= limit:
            break
    return frames
