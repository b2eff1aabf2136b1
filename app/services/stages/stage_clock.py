"""Clock of the wall time of each stage of a job."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class StageClock:
    """Adds up wall time by stage; stages overlap, so the parts may exceed the whole."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._spent_s: dict[str, float] = {}

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Count the block's wall time for a stage."""
        started = time.monotonic()
        try:
            yield
        finally:
            self._spent_s[stage] = self._spent_s.get(stage, 0.0) + time.monotonic() - started

    @property
    def elapsed_ms(self) -> int:
        """Since the clock was made."""
        return round((time.monotonic() - self._started) * 1000)

    @property
    def stage_ms(self) -> dict[str, int]:
        """By stage."""
        return {stage: round(spent * 1000) for stage, spent in self._spent_s.items()}
