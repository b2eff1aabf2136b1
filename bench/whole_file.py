"""Wall time of whole files of human speech, by that of faster-whisper's batched pipeline.

From the file's path to the last text, on the same weights and threads, the language given:
sentences with short pauses, and many short prompts with long ones. The two take turns; the other
peers run once, for the table.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence

from bench.figure import BenchError, Figure, Goal
from bench.measure import BenchEnvironment
from bench.peers import BATCHED
from bench.sides import OURS, PEERS, Sides, real_sides
from bench.speech_corpus import SpokenFile

SENTENCES = Goal("wall_over_faster_whisper_batched_600s", 0.95, "ratio")
SHORT_PROMPTS = Goal("wall_over_faster_whisper_batched_900s", 0.95, "ratio")

_ROUNDS = 3


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the median of the rounds' ratios, for both files.

    Raises:
        BenchError: the gpu extra is not installed, or weights or recordings cannot be had.
    """
    sentences, prompts = environment.corpus.sentences("en"), environment.corpus.many_short()
    async with real_sides(environment) as sides:
        for side in (OURS, *PEERS):
            await _timed_s(sides, side, environment.corpus.single("en")[0])
        return [
            SENTENCES.reached(await _ratio(environment, sides, sentences, "sentences")),
            SHORT_PROMPTS.reached(await _ratio(environment, sides, prompts, "900 s of prompts")),
        ]


async def _ratio(
    environment: BenchEnvironment, sides: Sides, spoken: SpokenFile, what: str
) -> float:
    spent_s: dict[str, list[float]] = {side: [] for side in (OURS, *PEERS)}
    for number in range(_ROUNDS):
        for side in sorted((OURS, BATCHED), reverse=number % 2 == 0):
            spent_s[side].append(await _timed_s(sides, side, spoken))
        environment.progress.step(
            f"whole file, {what}, round {number + 1}: ours {spent_s[OURS][-1]:.1f} s, "
            f"batched {spent_s[BATCHED][-1]:.1f} s"
        )
    for side in PEERS:
        if side != BATCHED:
            spent_s[side].append(await _timed_s(sides, side, spoken))
    medians = {side: statistics.median(each) for side, each in spent_s.items()}
    environment.compare(f"wall time, {what}", "s", medians)
    return median_ratio(spent_s, OURS, BATCHED)


def median_ratio(spent_s: Mapping[str, Sequence[float]], side: str, other: str) -> float:
    """Return the median of the rounds' ratios of two sides."""
    rounds = zip(spent_s[side], spent_s[other], strict=True)
    return statistics.median(own_s / other_s for own_s, other_s in rounds)


async def _timed_s(sides: Sides, side: str, spoken: SpokenFile) -> float:
    """Return the seconds that a side needs; nothing is taken from earlier runs.

    Raises:
        BenchError: it wrote nothing.
    """
    started_s = time.monotonic()
    found = await sides.recognize_anew(side, spoken.path, spoken.language)
    elapsed_s = time.monotonic() - started_s
    if not found.lines:
        raise BenchError(f"{side} wrote nothing for {spoken.path.name}")
    return elapsed_s
