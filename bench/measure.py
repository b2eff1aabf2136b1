"""Signature of a measurement."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bench.figure import Figure
from bench.progress import Progress
from bench.recording import Recordings


@dataclass(frozen=True, slots=True)
class BenchEnvironment:
    """Recordings and progress output of a measurement."""

    recordings: Recordings
    progress: Progress


Measure = Callable[[BenchEnvironment], Awaitable[Sequence[Figure]]]
"""Takes some figures from one run. Raises BenchError when they cannot be taken."""
