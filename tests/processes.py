"""Processes that tests look at, each of which may be gone by then."""

import time
from collections.abc import Iterable
from contextlib import suppress

import psutil

from tests.server import ServerProcess
from tests.server_process import FORK_SERVERS

MEDIA_PROGRAMS = frozenset({"ffmpeg", "espeak-ng"})


def lives(process: psutil.Process) -> bool:
    """Whether a process is there and has not ended."""
    with suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def command_of(process: psutil.Process) -> str:
    """Return the command line of a process; empty where it has ended."""
    with suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline())
    return ""


def name_of(process: psutil.Process) -> str:
    """Return the name of a process; empty where it has ended."""
    with suppress(psutil.NoSuchProcess):
        return str(process.name())
    return ""


def named(processes: Iterable[psutil.Process], *names: str) -> set[psutil.Process]:
    """Return those that have one of these names and have not ended."""
    return {process for process in processes if name_of(process) in names and lives(process)}


def kill(processes: Iterable[psutil.Process]) -> None:
    """Kill those that have not ended."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def descendants_of(server: ServerProcess) -> list[psutil.Process]:
    """Return the processes that a server has started, and what those have."""
    found: list[psutil.Process] = psutil.Process(server.process.pid).children(recursive=True)
    return found


def media_programs_of(server: ServerProcess) -> set[psutil.Process]:
    """Return the media programs that a server has running."""
    return named(descendants_of(server), *MEDIA_PROGRAMS)


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
