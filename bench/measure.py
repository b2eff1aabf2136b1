"""What a measurement is given and what it returns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bench.figure import Figure
from bench.progress import Progress
from bench.recording import Recordings


@dataclass(frozen=True, slots=True)
class Means:
    """What every measurement uses."""

    recordings: Recordings
    progress: Progress


Measure = Callable[[Means], Awaitable[Sequence[Figure]]]
"""Takes some figures from one run. Raises BenchError when they cannot be taken."""
