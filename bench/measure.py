"""Signature of a measurement."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.comparison import Comparison
from bench.figure import Figure
from bench.machine import machine_name
from bench.progress import Progress
from bench.recording import Recordings
from bench.speech_corpus import SpeechCorpus


@dataclass(frozen=True, slots=True)
class BenchEnvironment:
    """What a measurement works with.

    Attributes:
        recordings: of synthetic speech.
        corpus: of human speech.
        progress: output of its steps.
        comparisons: takes rows of the table of all sides.
        fresh_peers: whether results of the peers of earlier runs are left aside.
    """

    recordings: Recordings
    corpus: SpeechCorpus
    progress: Progress
    comparisons: list[Comparison] = field(default_factory=list)
    fresh_peers: bool = False

    def compare(self, what: str, unit: str, values: Mapping[str, float | None]) -> None:
        """Report a value of every side, in the steps and for the table."""
        row = Comparison(what, unit, values, machine_name())
        self.comparisons.append(row)
        self.progress.step(row.shown)


Measure = Callable[[BenchEnvironment], Awaitable[Sequence[Figure]]]
"""Takes some figures from one run. Raises BenchError when they cannot be taken."""
