"""A server for the demonstration: a process that never outlives the script that started it."""

from __future__ import annotations

import ctypes
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from app.settings import child_environment

ROOT = Path(__file__).resolve().parent.parent
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
_STOP_S = 15
_PR_SET_PDEATHSIG = 1
"""Source: prctl(2)."""


class DemoError(Exception):
    """The demonstration failed; the text is the reason."""


@dataclass(frozen=True, slots=True)
class DemoServer:
    """A running server.

    Attributes:
        port: of 127.0.0.1 alone.
        key: the API key that it was given.
        log: file with its output.
    """

    process: subprocess.Popen[bytes]
    port: int
    key: str
    log: Path

    def client(self) -> httpx.Client:
        """Return an HTTP client that sends the key."""
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"X-API-Key": self.key},
            timeout=httpx.Timeout(10, read=60),
            trust_env=False,
        )

    def wait_ready(self, limit_s: float) -> float:
        """Wait until the health check answers 200; return how long that took.

        Raises:
            DemoError: it ended, failed to load its engines, or took too long.
        """
        started_s = time.monotonic()
        with self.client() as client:
            while (waited_s := time.monotonic() - started_s) < limit_s:
                if self.process.poll() is not None:
                    raise DemoError(f"the server ended by itself:\n{self.log_tail()}")
                status = _ping(client)
                if status == httpx.codes.OK:
                    return waited_s
                if status == httpx.codes.SERVICE_UNAVAILABLE:
                    reason = client.get("/health").json().get("error", "no reason given")
                    raise DemoError(f"the engines cannot be loaded: {reason}")
                time.sleep(0.1)
        raise DemoError(f"the server was not ready after {limit_s:.0f} s:\n{self.log_tail()}")

    def log_tail(self) -> str:
        """Return the end of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


def _ping(client: httpx.Client) -> int | None:
    try:
        return client.get("/ping").status_code
    except httpx.TransportError:
        return None


@contextmanager
def demo_server(folder: Path) -> Iterator[DemoServer]:
    """Start the real server on a free port with the embedded engines; stop it in the end.

    It runs in ``folder`` and with an environment of its own, so that neither the caller's
    variables nor a file `.env` change what is shown. Its cache is removed with it.
    """
    with TemporaryDirectory(prefix="cuestream-demo-") as cache:
        server = _start(folder, cache)
        try:
            yield server
        finally:
            stop(server.process)


def _start(folder: Path, cache: str) -> DemoServer:
    port, key = _free_port(), secrets.token_urlsafe(16)
    here = child_environment()
    environment = {name: here[name] for name in _KEPT if name in here} | {
        "PYTHONPATH": str(ROOT),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "API_KEYS": key,
        "MODE": "local",
        "CACHE_DIR": cache,
    }
    log = folder / "demo-server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py")],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
    return DemoServer(process, port, key, log)


def stop(process: subprocess.Popen[bytes]) -> int:
    """Stop the server with SIGTERM, or kill it when that has no effect; return its exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def _end_with_parent() -> None:
    """Have the kernel send SIGTERM when the script dies, however it dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
