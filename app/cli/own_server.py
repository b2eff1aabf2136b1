"""A server on this machine for one run of the command; it never outlives the command.

It is the real server on loopback, so that a terminal's jobs are jobs like all others: they
are stored, cached and resumed alike.
"""

from __future__ import annotations

import ctypes
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

import app
from app.cli.exit_codes import CommandError, ExitCode
from app.cli.server_client import ServerClient
from app.settings import whole_environment

_READY_S = 1800
"""A model may have to be downloaded, and read from a slow disk."""

_STOP_S = 20
_PR_SET_PDEATHSIG = 1
"""Source: prctl(2)."""

_OWN = {"HOST": "127.0.0.1", "MODE": "local", "GPUS": "1", "RATE_LIMITS_ENABLED": "false"}
_LARGEST_MB = str(2**20)
"""The files are on this machine already, so their size is no reason to refuse them."""

NO_SPEECH_ENGINES: Mapping[str, str] = {"ENABLE_WHISPER": "false"}
"""Settings of a server that is asked for nothing that has to be heard; it starts sooner."""


def gunicorn_configuration() -> Path:
    """Return gunicorn's configuration: of a checkout, or where the wheel has put it."""
    root = Path(app.__file__).resolve().parents[1]
    checkout = root / "gunicorn.conf.py"
    return checkout if checkout.exists() else root / "cuestream_gunicorn.conf.py"


def server_command() -> list[str]:
    """Return the command of the server; no folder of the user's is searched for modules."""
    return [sys.executable, "-P", "-m", "app.cli.server_process", str(gunicorn_configuration())]


def server_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the server, in which this program is found."""
    given = whole_environment()
    root = str(Path(app.__file__).resolve().parents[1])
    given["PYTHONPATH"] = ":".join(part for part in (root, given.get("PYTHONPATH", "")) if part)
    return {**given, **settings}


@contextmanager
def own_server(
    settings: Mapping[str, str], waiting: Callable[[str], None]
) -> Iterator[ServerClient]:
    """Start a server, wait until it is ready, and stop it in the end.

    Args:
        settings: variables beside those of the environment.
        waiting: called with what is waited for.

    Raises:
        CommandError: it cannot start or load its engines; says why.
    """
    port, key = _free_port(), secrets.token_urlsafe(16)
    own = {**_OWN, "MAX_UPLOAD_MB": _LARGEST_MB, "API_KEYS": key}
    own |= {"PORT": str(port), "PORT_HEALTH": str(port), **settings}
    with tempfile.TemporaryDirectory(prefix="cuestream-log-") as folder:
        log = Path(folder) / "server.log"
        process = _started(server_environment(own), log)
        client = ServerClient(f"http://127.0.0.1:{port}", key)
        try:
            waiting("loading the engines")
            _wait_ready(process, client, log)
            yield client
        finally:
            client.close()
            _stop(process)


def _started(environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            server_command(),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # An interrupt at the keyboard is for the command, which ends its server in good order.
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )


def _wait_ready(process: subprocess.Popen[bytes], client: ServerClient, log: Path) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise _no_server(f"the server ended by itself:\n{_tail(log)}")
        status = _ping(client)
        if status == httpx.codes.OK:
            return
        if status == httpx.codes.SERVICE_UNAVAILABLE:
            reason = client.http.get("/health").json().get("error", "no reason given")
            raise _no_server(f"the engines cannot be loaded: {reason}")
        time.sleep(0.1)
    raise _no_server(f"the server was not ready after {_READY_S} s:\n{_tail(log)}")


def _ping(client: ServerClient) -> int | None:
    try:
        return client.http.get("/ping").status_code
    except httpx.TransportError:
        return None


def _no_server(message: str) -> CommandError:
    return CommandError(message, ExitCode.UNREACHABLE, advice="`cuestream doctor` says what to do")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def _end_with_parent() -> None:
    """Have the kernel send SIGTERM when the command dies, however it dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
