"""A server on loopback: a process that never outlives the script that started it."""

from __future__ import annotations

import ctypes
import json
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
_STOP_S = 15
_PR_SET_PDEATHSIG = 1
"""Source: prctl(2)."""


class LocalServerError(Exception):
    """The server cannot do its work; the text is the reason."""


class RefusedError(LocalServerError):
    """The server refused the work or failed in it.

    Attributes:
        code: of the error.
    """

    def __init__(self, text: str, code: str) -> None:
        super().__init__(f"{text} (code {code})")
        self.code = code


@dataclass(frozen=True, slots=True)
class LocalServer:
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
            LocalServerError: it ended, failed to load its engines, or took too long.
        """
        started_s = time.monotonic()
        with self.client() as client:
            while (waited_s := time.monotonic() - started_s) < limit_s:
                if self.process.poll() is not None:
                    raise LocalServerError(f"the server ended by itself:\n{self.log_tail()}")
                status = _ping(client)
                if status == httpx.codes.OK:
                    return waited_s
                if status == httpx.codes.SERVICE_UNAVAILABLE:
                    reason = client.get("/health").json().get("error", "no reason given")
                    raise LocalServerError(f"the engines cannot be loaded: {reason}")
                time.sleep(0.1)
        raise LocalServerError(
            f"the server was not ready after {limit_s:.0f} s:\n{self.log_tail()}"
        )

    def events(self, path: Path, fields: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Send a file to be subtitled; yield the data of every event, the result's last.

        Args:
            path: of media or captions.
            fields: of the request.

        Raises:
            RefusedError: the server refused the file or failed in it.
            LocalServerError: the stream was cut.
        """
        with (
            path.open("rb") as file,
            self.client() as client,
            client.stream(
                "POST", "/api/stream", files={"file": (path.name, file)}, data=dict(fields)
            ) as response,
        ):
            if response.is_error:
                yield _checked(_error_in(response))
            for line in response.iter_lines():
                if line.startswith("data:"):
                    yield (event := _checked(json.loads(line.removeprefix("data:"))))
                    if "result" in event:
                        return
        raise LocalServerError(f"the stream ended without a result:\n{self.log_tail()}")

    def log_tail(self) -> str:
        """Return the end of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


def _ping(client: httpx.Client) -> int | None:
    try:
        return client.get("/ping").status_code
    except httpx.TransportError:
        return None


def _error_in(response: httpx.Response) -> dict[str, Any]:
    text = response.read().decode(errors="replace")
    try:
        return dict(json.loads(text))
    except ValueError:
        return {"error": text[:500], "code": f"HTTP {response.status_code}"}


def _checked(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event that is no error.

    Raises:
        RefusedError: it is one.
    """
    if "error" in event:
        raise RefusedError(str(event["error"]), str(event.get("code")))
    return event


@contextmanager
def local_server(environment: Mapping[str, str], folder: Path, log: Path) -> Iterator[LocalServer]:
    """Start the real server on a free port; stop it in the end.

    Args:
        environment: all that it gets, but for its address and its key.
        folder: that it runs in, where a file `.env` counts.
        log: file for its output.
    """
    server = _start(environment, folder, log)
    try:
        yield server
    finally:
        stop(server.process)


def _start(given: Mapping[str, str], folder: Path, log: Path) -> LocalServer:
    port, key = _free_port(), secrets.token_urlsafe(16)
    environment = {
        **given,
        "PYTHONPATH": str(ROOT),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PORT_HEALTH": str(port),
        "API_KEYS": key,
        "MODE": "local",
        "GPUS": "1",
    }
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
    return LocalServer(process, port, key, log)


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
