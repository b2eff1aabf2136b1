"""Progress of a running ffmpeg, by its own report."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EncodeProgress:
    """How far an ffmpeg is.

    Attributes:
        done_ms: media time that is written.
        percent: 0..100; 0 while the length of the whole is not known.
        eta_ms: time to the end at the pace so far; None while it is not known.
    """

    done_ms: int
    percent: float
    eta_ms: int | None = None


OnProgress = Callable[[EncodeProgress], None]


class ProgressReader:
    """Reads the lines of ``-progress``.

    Source: fftools/ffmpeg.c, ``print_report``: ``out_time_us`` in microseconds, ``progress`` ends
    a block.

    Args:
        length_ms: of what will be written; 0 where it is not known.
        on_progress: called after each block.
    """

    def __init__(self, length_ms: int, on_progress: OnProgress) -> None:
        self._length_ms = length_ms
        self._on_progress = on_progress
        self._started_s = time.monotonic()
        self._done_ms = 0
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Read the next bytes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            name, _, value = line.strip().partition(b"=")
            if name == b"out_time_us" and value.lstrip(b"-").isdigit():
                self._done_ms = max(self._done_ms, int(value) // 1000)
            elif name == b"progress":
                self._on_progress(self._progress())

    def _progress(self) -> EncodeProgress:
        if not self._length_ms:
            return EncodeProgress(self._done_ms, 0.0)
        share = min(1.0, self._done_ms / self._length_ms)
        elapsed_ms = (time.monotonic() - self._started_s) * 1000
        eta_ms = round(elapsed_ms * (1 - share) / share) if share > 0 else None
        return EncodeProgress(self._done_ms, round(100 * share, 1), eta_ms)
