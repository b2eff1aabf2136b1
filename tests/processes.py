"""The child processes that a test itself has started."""

import time

import psutil

from tests.server import ServerProcess
from tests.server_process import FORK_SERVERS

MEDIA_PROGRAMS = frozenset({"ffmpeg", "espeak-ng"})


def media_programs_of(server: ServerProcess) -> set[str]:
    """Return the names of the media programs that a server has running."""
    found = set()
    for child in psutil.Process(server.process.pid).children(recursive=True):
        try:
            if child.status() != psutil.STATUS_ZOMBIE:
                found.add(child.name())
        except psutil.NoSuchProcess:
            continue
    return found & MEDIA_PROGRAMS


def wait_until_quiet(server: ServerProcess, limit_s: float = 300) -> None:
    """Wait until a server runs no media program, nor begins another one within a second."""
    deadline_s = time.monotonic() + limit_s
    quiet = 0
    while quiet < 20:
        left = media_programs_of(server)
        assert time.monotonic() < deadline_s, left
        quiet = 0 if left else quiet + 1
        time.sleep(0.05)


def own_children() -> list[psutil.Process]:
    """Return all descendants but servers and databases that tests share, and what those run."""
    found = []
    for child in psutil.Process().children():
        try:
            shared = child.pid in ServerProcess.started | FORK_SERVERS
            if shared or child.name() == "postgres":
                continue
            found.append(child)
            found += child.children(recursive=True)
        except psutil.NoSuchProcess:
            continue
    return found
