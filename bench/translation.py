"""Latency of translated lines, compared with batches of 25 lines.

170 cues are available at once, as from captions or a cached transcript. A scripted model server
takes 0.4 s to the first token and then writes 100 tokens a second on each stream. Both sides may
have the same number of requests in flight; they take turns.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from app.domain.cue import Cue
from app.domain.events import Notice
from app.domain.language import Language
from app.services.stages.stage_clock import StageClock
from app.services.stages.translate import translate_cues
from app.services.translation.translation_job import TranslationJob
from bench.batched import Timed, translate_batched
from bench.figure import BenchError, Figure, Goal
from bench.measure import BenchEnvironment
from bench.model_server import INTO, TARGET, model_server, model_translator
from bench.script import all_at_once, written_cues
from tests.chat_server import ChatServer

FIRST_LINE = Goal("first_line_over_batched", 0.2, "ratio")
ALL_LINES = Goal("all_lines_over_batched", 0.85, "ratio")

_CUES = 170
_IN_FLIGHT = 16
"""Requests at a time on either side, as hosted models allow them."""
_ROUNDS = 3


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return both figures: medians over the rounds of the ratio within each round."""
    cues = written_cues(_CUES)
    first: list[float] = []
    whole: list[float] = []
    with model_server() as server:
        for number in range(1, _ROUNDS + 1):
            # The order alternates, so that a machine that slows down favours neither.
            batched_first = await _batched(server, cues) if number % 2 == 0 else None
            ours = await _ours(server, cues)
            batched = batched_first or await _batched(server, cues)
            environment.progress.step(
                f"translation: round {number} of {_ROUNDS}: first line {ours.first_s:.2f} s "
                f"against {batched.first_s:.2f} s, all {ours.all_s:.2f} s against "
                f"{batched.all_s:.2f} s"
            )
            first.append(ours.first_s / batched.first_s)
            whole.append(ours.all_s / batched.all_s)
    return [
        FIRST_LINE.reached(statistics.median(first)),
        ALL_LINES.reached(statistics.median(whole)),
    ]


async def _batched(server: ChatServer, cues: Sequence[Cue]) -> Timed:
    return await translate_batched(server.url, [cue.text for cue in cues], INTO, _IN_FLIGHT)


async def _ours(server: ChatServer, cues: list[Cue]) -> Timed:
    async with model_translator(server, _IN_FLIGHT) as translator:
        job = TranslationJob(Language.parse(TARGET))
        started_s = time.monotonic()
        came_s: list[float] = []
        notices: list[Notice] = []
        stage = translate_cues(all_at_once(cues), translator, job, StageClock(), notices.append)
        async for cue in stage:
            came_s.append(time.monotonic() - started_s)
            if not cue.translation:
                raise BenchError("a cue came without its translation")
    if notices or len(came_s) != len(cues):
        raise BenchError(f"{len(came_s)} cues came back of {len(cues)}")
    return Timed(came_s[0], came_s[-1])
