"""Progress output of the benchmark."""

from __future__ import annotations

import sys
import time
from typing import TextIO

_LOG_EVERY_S = 10.0
"""Where lines cannot be rewritten, passing states are printed no more often than this."""


class Progress:
    """Prints steps with the time since the start, and passing states in between.

    On a terminal a passing state overwrites the one before it.

    Attributes:
        started_s: when the run began, on the monotonic clock.
    """

    def __init__(self, out: TextIO = sys.stdout, started_s: float | None = None) -> None:
        self._out = out
        self.started_s = time.monotonic() if started_s is None else started_s
        self._last_s = 0.0
        self._rewrites = out.isatty()
        self._passing = False

    def step(self, text: str) -> None:
        """Print what begins or was found."""
        self._print(text, end="\n")
        self._passing = False

    def now(self, text: str) -> None:
        """Print how far the step is."""
        if self._rewrites:
            self._print(text, end="")
            self._passing = True
        elif time.monotonic() - self._last_s >= _LOG_EVERY_S:
            self._print(text, end="\n")

    def _print(self, text: str, end: str) -> None:
        self._last_s = time.monotonic()
        minutes, seconds = divmod(int(self._last_s - self.started_s), 60)
        clear = "\r\x1b[K" if self._passing else ""
        print(f"{clear}[{minutes:2}:{seconds:02}] {text}", end=end, file=self._out, flush=True)
