"""What a server costs and how soon it answers while it is attacked."""

from __future__ import annotations

import multiprocessing
import os
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from types import TracebackType
from typing import Self

import psutil

from bench.machine import is_copy_of_parent
from bench.percentile import percentile

_SAMPLE_S = 0.05
_PING_EVERY_S = 0.05
_PING_LIMIT_S = 120.0
_PING_NICE = -10
_PING = b"GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen while an attack ran.

    Attributes:
        rss_mib: largest resident memory of the server and its children, above that before.
        ping_p99_ms: 99th percentile of the time that a health check took.
        ping_max_ms: longest one; a refused connection counts as the limit.
    """

    rss_mib: float
    ping_p99_ms: float
    ping_max_ms: float


class Watch:
    """Samples memory in a thread and pings from a process of its own, between enter and exit.

    Args:
        pid: of the server's first process.
        port: of the server, on 127.0.0.1.

    Attributes:
        seen: what was seen; set on exit.
    """

    seen: Watched

    def __init__(self, pid: int, port: int) -> None:
        self._process = psutil.Process(pid)
        self._idle = self._peak = tree_rss_bytes(self._process)
        self._ended = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        context = multiprocessing.get_context("spawn")
        self._stop = context.Event()
        self._times, sender = context.Pipe(duplex=False)
        self._pinger = context.Process(target=_ping, args=(port, self._stop, sender), daemon=True)

    def __enter__(self) -> Self:
        self._pinger.start()
        self._times.recv()  # It pings.
        self._sampler.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._stop.set()
        times_s: list[float] = self._times.recv()
        self._pinger.join()
        self._sampler.join()
        above = (self._peak - self._idle) / 2**20
        self.seen = Watched(above, 1000 * percentile(times_s, 99), 1000 * max(times_s))

    def _sample(self) -> None:
        while not self._ended.wait(_SAMPLE_S):
            self._peak = max(self._peak, tree_rss_bytes(self._process))


def tree_rss_bytes(process: psutil.Process) -> int:
    """Return the resident memory of a process and all below it; 0 where it has ended.

    A child has its parent's memory until it begins a program of its own (`vfork`); that is counted
    once.
    """
    try:
        total, children = process.memory_info().rss, process.children(recursive=True)
    except psutil.NoSuchProcess:
        return 0
    for child in children:
        try:
            if not is_copy_of_parent(child):
                total += child.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return int(total)


def _ping(port: int, stop: Event, times: Connection) -> None:
    """Time health checks, one after the other, each over a connection of its own.

    They come before all else, as far as that is permitted: the time that this process waits for a
    core is not the server's.
    """
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, _PING_NICE)
    found: list[float] = []
    times.send(None)
    while not stop.is_set() or not found:
        started_s = time.monotonic()
        found.append(_pinged(port) or _PING_LIMIT_S)
        time.sleep(max(0.0, _PING_EVERY_S - (time.monotonic() - started_s)))
    times.send(found)


def _pinged(port: int) -> float | None:
    """Return how long a health check took, in seconds; None where it failed."""
    started_s = time.monotonic()
    try:
        with socket.create_connection(("127.0.0.1", port), _PING_LIMIT_S) as connection:
            connection.sendall(_PING)
            answer = connection.recv(64)
    except OSError:
        return None
    return time.monotonic() - started_s if b" 200 " in answer else None
