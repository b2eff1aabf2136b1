"""An hour of human speech: prompts that are lost or doubled, and word times that drift.

All prompts of a language in changing order, English and Italian, the language given; beside
faster-whisper's batched pipeline.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

from bench.figure import Figure, Goal
from bench.measure import BenchEnvironment
from bench.peers import BATCHED
from bench.recognition import Recognition, TimedText
from bench.sides import OURS, Sides, real_sides
from bench.speech_corpus import SpokenFile
from bench.word_errors import normalized
from bench.word_match import Utterance, time_errors

LOST_OVER_BATCHED = Goal("long_form_lost_over_batched", 1.0, "ratio")
DOUBLED = Goal("long_form_doubled_prompts", 0, "prompts")
DRIFT = Goal("long_form_drift_ms", 50, "ms")

_LANGUAGES = ("en", "it")
_COMPARED = (OURS, BATCHED)
_LEAST_WORDS = 2
"""A single letter or number may rightly be spelled in another way, and counts as nothing."""
_NEAR_MS = 2000
_BETWEEN_MS = 450
"""Half a pause: what is recognised so near belongs to this prompt and to no other."""
_EDGE_MS = 600_000


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return what is lost by what the batched peer loses, what is doubled, and the larger drift.

    Raises:
        BenchError: the gpu extra is not installed, or weights or recordings cannot be had.
    """
    lost = dict.fromkeys(_COMPARED, 0)
    doubled, drifts_ms = 0, []
    async with real_sides(environment) as sides:
        for language in _LANGUAGES:
            spoken = environment.corpus.hour(language)
            said, found = spoken.utterances, await _both(environment, sides, spoken)
            missing = {side: lost_prompts(said, each.words) for side, each in found.items()}
            twice = {side: doubled_prompts(said, each.words) for side, each in found.items()}
            drift_ms = {side: start_drift_ms(said, each.words) for side, each in found.items()}
            environment.compare(f"an hour, {language}: prompts lost", "", missing)
            environment.compare(f"an hour, {language}: prompts doubled", "", twice)
            environment.compare(f"an hour, {language}: drift of word starts", "ms", drift_ms)
            lost = {side: lost[side] + missing[side] for side in _COMPARED}
            doubled += twice[OURS]
            drifts_ms.append(abs(drift_ms[OURS]))
    return [
        LOST_OVER_BATCHED.reached(lost[OURS] / max(1, lost[BATCHED])),
        DOUBLED.reached(doubled),
        DRIFT.reached(max(drifts_ms)),
    ]


async def _both(
    environment: BenchEnvironment, sides: Sides, spoken: SpokenFile
) -> Mapping[str, Recognition]:
    found = {}
    for side in _COMPARED:
        environment.progress.step(f"an hour, {spoken.language}: {side}")
        found[side] = await sides.recognize(side, spoken.path, spoken.language, words=True)
    return found


def lost_prompts(said: Sequence[Utterance], words: Sequence[TimedText]) -> int:
    """Count prompts of which no word was recognised in their time, or up to 2 s away."""
    return sum(
        1
        for each in said
        if _counts(each) and not set(normalized(each.text)) & set(_near(each, words, _NEAR_MS))
    )


def doubled_prompts(said: Sequence[Utterance], words: Sequence[TimedText]) -> int:
    """Count prompts all of whose words were recognised twice in their time."""
    return sum(1 for each in said if _counts(each) and _is_doubled(each, words))


def start_drift_ms(said: Sequence[Utterance], words: Sequence[TimedText]) -> float:
    """Return by how much words start later in the last ten minutes than in the first ten.

    Medians of the signed errors of first words, see `time_errors`; 0 where one of the two has none.
    """
    errors_ms = time_errors(said, words).starts_ms
    last_ms = said[-1].span.end_ms - _EDGE_MS
    early = [ms for place, ms in errors_ms.items() if said[place].span.end_ms <= _EDGE_MS]
    late = [ms for place, ms in errors_ms.items() if said[place].span.start_ms >= last_ms]
    return statistics.median(late) - statistics.median(early) if early and late else 0.0


def _is_doubled(said: Utterance, words: Sequence[TimedText]) -> bool:
    spoken, found = Counter(normalized(said.text)), Counter(_near(said, words, _BETWEEN_MS))
    return all(found[word] >= 2 * count for word, count in spoken.items())


def _counts(said: Utterance) -> bool:
    return len(normalized(said.text)) >= _LEAST_WORDS


def _near(said: Utterance, words: Sequence[TimedText], near_ms: int) -> list[str]:
    """Return the normalised words whose middle is in an utterance's time, or so far away."""
    first_ms, last_ms = said.span.start_ms - near_ms, said.span.end_ms + near_ms
    return [
        part
        for word in words
        if 2 * first_ms <= word.span.start_ms + word.span.end_ms <= 2 * last_ms
        for part in normalized(word.text)
    ]
