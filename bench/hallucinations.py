"""Text that is written where nobody speaks.

Sounds of ten minutes each, in which there is no speech: every cue of ours and every segment of a
peer is an invention. The language is given.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.figure import Figure, Goal
from bench.measure import BenchEnvironment
from bench.no_speech import SOUNDS
from bench.sides import OURS, SIDES, real_sides

CUES_PER_HOUR = Goal("hallucinated_cues_per_hour", 0, "1/h")

_SECONDS = 600
_LANGUAGE = "en"


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the invented cues by the hours of all sounds.

    Raises:
        BenchError: the gpu extra is not installed, or the weights cannot be had.
    """
    hours = _SECONDS / 3600
    per_hour: dict[str, list[float]] = {side: [] for side in SIDES}
    async with real_sides(environment) as sides:
        for name in SOUNDS:
            media = environment.corpus.without_speech(name, _SECONDS)
            for side in SIDES:
                environment.progress.now(f"hallucinations: {name}, {side}")
                found = await sides.recognize(side, media, _LANGUAGE)
                per_hour[side].append(len(found.lines) / hours)
            rows = {side: each[-1] for side, each in per_hour.items()}
            environment.compare(f"invented lines, {name}", "1/h", rows)
    means = {side: sum(each) / len(SOUNDS) for side, each in per_hour.items()}
    environment.compare("invented lines, all sounds", "1/h", means)
    return [CUES_PER_HOUR.reached(means[OURS])]
