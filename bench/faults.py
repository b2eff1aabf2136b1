"""Token cost of a model's mistakes.

10,000 lines go to a scripted model server twice: once all answers are right, once a fifth of them
is broken in mixed ways. Every line must come back, each under its own number.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.domain.cue import Cue
from app.domain.events import Notice
from app.domain.language import Language
from app.domain.time import Span
from app.services.stages.stage_clock import StageClock
from app.services.stages.translate import translate_cues
from app.services.translation.translation_job import TranslationJob
from bench.figure import BenchError, Figure, Goal
from bench.measure import BenchEnvironment
from bench.model_server import TARGET, fast_model_server, model_translator, translation_of
from bench.script import all_at_once
from bench.speech import SENTENCES
from tests.chat_behaviours import faulty, fine

TOKENS = Goal("tokens_faulty_over_clean", 1.3, "ratio")

_LINES = 10_000
_FILES = 20
_BROKEN = 0.2
_IN_FLIGHT = 8
_SEED = 7


@dataclass(slots=True)
class _Outcome:
    tokens: int = 0
    missing: int = 0
    shifted: int = 0
    notices: list[Notice] = field(default_factory=list)


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the ratio of tokens; missing or shifted lines are an error."""
    clean = await _translate(environment, broken=0.0)
    faulted = await _translate(environment, broken=_BROKEN)
    for side in (clean, faulted):
        if side.missing or side.shifted or side.notices:
            raise BenchError(f"{side.missing} lines are missing and {side.shifted} are shifted")
    environment.progress.step(
        f"faults: {clean.tokens} tokens without and {faulted.tokens} with broken answers; "
        f"0 missing and 0 shifted of {_LINES} lines"
    )
    return [TOKENS.reached(faulted.tokens / clean.tokens)]


async def _translate(environment: BenchEnvironment, broken: float) -> _Outcome:
    outcome = _Outcome()
    with fast_model_server() as server:
        server.behaviour = faulty(broken, _SEED) if broken else fine
        async with model_translator(server, _IN_FLIGHT) as translator:
            for number in range(_FILES):
                environment.progress.now(f"file {number + 1} of {_FILES}")
                cues = _file(number)
                job = TranslationJob(Language.parse(TARGET))
                stage = translate_cues(
                    all_at_once(cues), translator, job, StageClock(), outcome.notices.append
                )
                made = {cue.id: cue async for cue in stage}
                outcome.missing += sum(not made[cue.id].translation for cue in cues)
                outcome.shifted += sum(
                    made[cue.id].translation != translation_of(cue.text) for cue in cues
                )
                await asyncio.sleep(0)
        outcome.tokens = server.prompt_tokens + server.completion_tokens
    return outcome


def _file(number: int) -> list[Cue]:
    """Return cues that are whole sentences, all different."""
    count = _LINES // _FILES
    first = number * count
    return [
        Cue(
            place,
            Span(4000 * place, 4000 * place + 3000),
            f"{SENTENCES[line % len(SENTENCES)][:-1]} {line // len(SENTENCES) + 1} times.",
            language="en",
        )
        for place, line in enumerate(range(first, first + count))
    ]
