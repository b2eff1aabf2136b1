"""Functions that tests have called in a process of its own."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator

from app.domain.errors import InvalidCaptionsError


def doubled(items: list[int], more: int) -> Iterator[object]:
    yield (os.getpid(), threading.current_thread().name)
    yield from (2 * item + more for item in items)


def failing(items: list[int]) -> Iterable[int]:
    raise InvalidCaptionsError("No captions")


def endless(items: list[int]) -> Iterable[int]:
    while True:
        time.sleep(0.01)


def greedy(items: list[int]) -> Iterable[int]:
    return [len(bytearray(4 * 2**30))]
