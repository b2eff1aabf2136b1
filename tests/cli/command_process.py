"""The command in a process of its own, whose events are read as they come."""

from __future__ import annotations

import json
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.server import ROOT, WHISPER, inherited

CLIP = ROOT / "samples" / "voicemail.mp4"
CAPTIONS = "1\n00:00:01,000 --> 00:00:03,500\nWhere is the house?\n"

PATIENCE_S = 900
"""For what a busy machine does at some time; nothing that a test wants takes as long."""


class CommandProcess:
    """``cuestream`` with `--json` in a folder, with a state and a cache of its own beside it.

    Args:
        folder: that it runs in.
        arguments: of the command, `--json` among them.
        before: a shell's lines ahead of the command, in namespaces of its own.
        variables: of its environment, beside those of the tests.

    Attributes:
        events: all that were read so far.
    """

    def __init__(
        self, folder: Path, *arguments: str | bytes, before: str = "", **variables: str
    ) -> None:
        self.events: list[dict[str, Any]] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        shell = ("unshare", "--map-root-user", "--mount", "sh", "-ec", f'{before}\nexec "$@"', "-")
        self.process = subprocess.Popen(
            [*(shell if before else ()), sys.executable, "-P", "-m", "app", *arguments],
            cwd=folder,
            env=environment(folder, variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Read events until one of that kind with these fields has come; return it."""
        while (event := self._next()) is not None:
            if event["event"] == kind and fields.items() <= event.items():
                return event
        code = self.process.wait(PATIENCE_S)
        raise AssertionError(f"ended with {code} and without {kind} {fields}: {self.events}")

    def _next(self) -> dict[str, Any] | None:
        line = self._lines.get(timeout=PATIENCE_S)
        if line is None:
            return None
        event: dict[str, Any] = json.loads(line)
        self.events.append(event)
        return event

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the events of a kind that were read so far."""
        return [event for event in self.events if event["event"] == kind]

    def end(self, number: int | None = None) -> int:
        """Send a signal, if one is given, read to the end and return the exit code."""
        if number is not None:
            self.process.send_signal(number)
        while self._next() is not None:
            pass
        return self.process.wait(PATIENCE_S)

    def __enter__(self) -> CommandProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def environment(folder: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command in that folder."""
    beside = {
        "CUESTREAM_STATE_DIR": str(folder.with_name(f"{folder.name}-state")),
        "CACHE_DIR": str(folder.with_name(f"{folder.name}-cache")),
    }
    return {**inherited(), **WHISPER, "PYTHONPATH": str(ROOT), **beside, **variables}


def mount_or_skip() -> None:
    """Skip a test where the system gives a program no namespaces of its own."""
    command = ["unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "x", "/mnt"]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("this system lets nobody mount a file system of their own")


def wait_until_closed(port: int) -> None:
    """Wait until the last process of a killed server has gone."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return
        time.sleep(0.05)
    raise AssertionError("a process of the server goes on")


def cue_times(events: list[dict[str, Any]]) -> list[tuple[int, int]]:
    """Return the times of all cues that were told, in order."""
    return [
        (cue["start"], cue["end"])
        for event in events
        if event["event"] == "cues"
        for cue in event["cues"]
    ]
