"""How a test's server becomes a process: forked where that makes no difference, else executed."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

READ_AT_IMPORT = ("HF_", "HUGGINGFACE_", "OMP_", "PYTHON", "LD_", "LANG")
"""Beginnings of names of variables that libraries read when they are imported, but for the search
path: what the servers' children import is found anew."""


FORK_SERVERS: set[int] = set()
"""Ids of the processes that servers are forked from, which live as long as the tests."""


class Forks:
    """The process that servers are forked from; see `tests.forked_gunicorn`."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            # It dies with the tests, also when they are killed.
            [
                *("setpriv", "--pdeathsig", "TERM", "--", sys.executable),
                *("-m", "tests.forked_gunicorn"),
            ],
            cwd=ROOT,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        FORK_SERVERS.add(self._process.pid)

    def ask(self, **order: Any) -> int:
        """Have something done; return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:  # servers are stopped side by side
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        assert answer, f"the process that forks servers ended with {self._process.wait()}"
        return int(answer)


def _read_at_import(env: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in env.items()
        if name.startswith(READ_AT_IMPORT) and name != "PYTHONPATH"
    }


class ForkedProcess:
    """A forked server, as `subprocess.Popen` shows its own children.

    Attributes:
        pid: process id.
        returncode: once it has ended and somebody has waited for it.
    """

    def __init__(self, forks: Forks, app: str, env: Mapping[str, str], log: Path) -> None:
        self._forks = forks
        self.returncode: int | None = None
        self.pid = forks.ask(app=app, env=dict(env), log=str(log))
        self._end = os.pidfd_open(self.pid)

    def poll(self) -> int | None:
        """Return the exit code, or nothing while it runs."""
        return self.returncode if self._ended(0) else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; return the exit code, the negative number of a signal."""
        if not self._ended(timeout):
            assert timeout is not None
            raise subprocess.TimeoutExpired("gunicorn", timeout)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> bool:
        if self.returncode is None:
            end = select.poll()  # unlike select(), for any number of open files
            end.register(self._end, select.POLLIN)
            if not end.poll(None if timeout is None else timeout * 1000):
                return False
            self.returncode = os.waitstatus_to_exitcode(self._forks.ask(reap=self.pid))
            os.close(self._end)
        return True


def start_gunicorn(
    app: str,
    env: Mapping[str, str],
    usual: Mapping[str, str],
    log: Path,
    *,
    executed: bool = False,
) -> subprocess.Popen[bytes] | ForkedProcess:
    """Start gunicorn with an application, in a session of its own; its output goes to a file.

    Args:
        app: as gunicorn names it.
        env: the whole environment.
        usual: the environment of most servers, which are forked.
        log: the file.
        executed: whether it is a program of its own whatever its environment is.
    """
    if not executed and _read_at_import(env) == _read_at_import(usual):
        return ForkedProcess(_forks(frozenset(usual.items())), app, env, log)
    command = ["setpriv", "--pdeathsig", "TERM", "--", sys.executable, "-m", "gunicorn"]
    with log.open("wb") as output:
        return subprocess.Popen(
            [*command, "-c", "gunicorn.conf.py", app],
            cwd=ROOT,
            env=dict(env),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@cache
def _forks(usual: frozenset[tuple[str, str]]) -> Forks:
    """Return the one process that servers with this environment are forked from."""
    return Forks(dict(usual))
