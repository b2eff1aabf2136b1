"""Errors of words' times on human speech.

The starts of first words and the ends of last words of the prompts are known from the joining; how
a recognised word is found for them is said in `bench.word_match`. Beside it stands a telephone talk
of two people with the transcript that it has in pyannote.audio's package. whisperx gives times of
whole segments alone, unless its aligner is added, which is a model of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import distribution
from pathlib import Path

from app.domain.time import Span, seconds_to_ms
from bench.figure import BenchError, Figure, Goal
from bench.measure import BenchEnvironment
from bench.peers import WHISPERX
from bench.percentile import percentile
from bench.sides import OURS, SIDES, Sides, real_sides
from bench.speech_corpus import LANGUAGES
from bench.word_match import Utterance, time_errors

MEDIAN = Goal("word_start_error_median_ms", 80, "ms")
P95 = Goal("word_start_error_p95_ms", 250, "ms")

_TIMED = tuple(side for side in SIDES if side != WHISPERX)


@dataclass(frozen=True, slots=True)
class _Errors:
    """Absolute errors of one side, of all files."""

    starts_ms: list[int] = field(default_factory=list)
    ends_ms: list[int] = field(default_factory=list)


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the median and the 95th percentile of ours over all languages.

    Raises:
        BenchError: the gpu extra is not installed, or weights or recordings cannot be had.
    """
    prompts = {side: _Errors() for side in _TIMED}
    talk = {side: _Errors() for side in _TIMED}
    async with real_sides(environment) as sides:
        for language in LANGUAGES:
            spoken = environment.corpus.sentences(language)
            await _add(environment, sides, (spoken.path, language), spoken.utterances, prompts)
        await _add(environment, sides, (sample_file("wav"), "en"), _talk(), talk)
    _compare(environment, "prompts", prompts)
    _compare(environment, "telephone talk", talk)
    starts_ms = prompts[OURS].starts_ms
    if not starts_ms:
        raise BenchError("no first word was recognised")
    return [MEDIAN.reached(percentile(starts_ms, 50)), P95.reached(percentile(starts_ms, 95))]


async def _add(
    environment: BenchEnvironment,
    sides: Sides,
    file: tuple[Path, str],
    said: Sequence[Utterance],
    errors: Mapping[str, _Errors],
) -> None:
    """Add the errors of each side in one file, given with its language."""
    media, language = file
    for side in _TIMED:
        environment.progress.now(f"word times: {media.stem}, {side}")
        found = await sides.recognize(side, media, language, words=True)
        each = time_errors(said, found.words)
        errors[side].starts_ms.extend(abs(error) for error in each.starts_ms.values())
        errors[side].ends_ms.extend(abs(error) for error in each.ends_ms.values())
        environment.progress.step(
            f"word times: {media.stem}, {side}, {len(each.starts_ms)} first words and"
            f" {len(each.ends_ms)} last words of {len(said)} recognised"
        )


def _compare(environment: BenchEnvironment, what: str, errors: Mapping[str, _Errors]) -> None:
    edges = {
        "starts": {side: each.starts_ms for side, each in errors.items()},
        "ends": {side: each.ends_ms for side, each in errors.items()},
    }
    for edge, by_side in edges.items():
        for name, percent in (("median", 50), ("95th percentile", 95)):
            values = {
                side: percentile(each, percent) if each else None for side, each in by_side.items()
            }
            environment.compare(f"error of words' {edge}, {what}, {name}", "ms", values)


def _talk() -> list[Utterance]:
    """Read who says what when: channel, speaker, start and end in seconds, text."""
    utterances = []
    for line in sample_file("stm").read_text("utf-8").splitlines():
        _, _, _, start_s, end_s, text = line.split(maxsplit=5)
        span = Span(seconds_to_ms(float(start_s)), seconds_to_ms(float(end_s)))
        utterances.append(Utterance(text, span))
    return utterances


def sample_file(ending: str) -> Path:
    """Return a file of the recording that pyannote.audio's package has for trials."""
    package = distribution("pyannote-audio")
    return Path(str(package.locate_file(f"pyannote/audio/sample/sample.{ending}")))
