"""Errors of our text on human speech, relative to the best peer.

What was said is known from the prompts' own texts. All sides have the same weights and files; ours
is compared with the lowest error rate of the peers. The language is given for the long files, and
detected for the short ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.figure import BenchError, Figure, Goal
from bench.measure import BenchEnvironment
from bench.sides import OURS, PEERS, SIDES, Sides, real_sides
from bench.speech_corpus import LANGUAGES, SpokenFile
from bench.word_errors import word_error_rate

WER_EN = Goal("wer_over_best_peer_en", 1.02, "ratio")
WER_ES = Goal("wer_over_best_peer_es", 1.02, "ratio")
WER_FR = Goal("wer_over_best_peer_fr", 1.02, "ratio")
WER_IT = Goal("wer_over_best_peer_it", 1.02, "ratio")
WER_RU = Goal("wer_over_best_peer_ru", 1.02, "ratio")
LANGUAGE_RIGHT = Goal("language_right_short_over_best_peer", 1.0, "ratio", better="higher")

_WER = dict(zip(LANGUAGES, (WER_EN, WER_ES, WER_FR, WER_IT, WER_RU), strict=True))


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the ratio of error rates for each language, and that of languages told.

    Raises:
        BenchError: the gpu extra is not installed, or weights or recordings cannot be had.
    """
    async with real_sides(environment) as sides:
        ratios = [
            _WER[language].reached(await _error_ratio(environment, sides, language))
            for language in LANGUAGES
        ]
        return [*ratios, LANGUAGE_RIGHT.reached(await _language_ratio(environment, sides))]


async def _error_ratio(environment: BenchEnvironment, sides: Sides, language: str) -> float:
    spoken = environment.corpus.sentences(language)
    rates = {}
    for side in SIDES:
        environment.progress.now(f"accuracy: {language}, {side}")
        found = await sides.recognize(side, spoken.path, language)
        rates[side] = word_error_rate(spoken.text, found.text, language)
    environment.compare(
        f"word error rate, {language}", "%", {side: 100 * rate for side, rate in rates.items()}
    )
    best = min(rates[side] for side in PEERS)
    if not best:
        raise BenchError(f"a peer makes no error in {language}, so there is no ratio")
    return rates[OURS] / best


async def _language_ratio(environment: BenchEnvironment, sides: Sides) -> float:
    right = dict.fromkeys(SIDES, 0)
    for language in LANGUAGES:
        files = environment.corpus.single(language)
        counts = {side: await _right(environment, sides, side, files) for side in SIDES}
        environment.compare(f"languages told of {len(files)} short files, {language}", "", counts)
        right = {side: right[side] + counts[side] for side in SIDES}
    best = max(right[side] for side in PEERS)
    if not best:
        raise BenchError("no peer tells any language")
    return right[OURS] / best


async def _right(
    environment: BenchEnvironment, sides: Sides, side: str, files: Sequence[SpokenFile]
) -> int:
    """Return in how many files a side finds the language that is spoken."""
    count = 0
    for number, spoken in enumerate(files, start=1):
        environment.progress.now(f"language: {spoken.language}, {side}, file {number}")
        found = await sides.recognize(side, spoken.path, None)
        count += found.language == spoken.language
    return count
