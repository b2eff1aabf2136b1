"""CPU cost of alignment without its network, relative to whisperx.

Both sides get the same emissions for 30 s and the same 75 words, so that neither runs a network;
whisperx's sentence splitter, which would need a download, takes the whole text as one sentence at
no cost. What is left is spelling, the path, and times for words: on a GPU that occupies one CPU
core while the device waits.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

from app.domain.transcript import Segment
from app.gpu.protocols import AlignmentInput
from bench.figure import BenchError, Figure, Goal
from bench.measure import BenchEnvironment

ALIGN_CPU = Goal("align_cpu_ms_per_30s_over_whisperx", 0.1, "ratio")

_FRAMES = 1499
"""Of 30 s, in any wav2vec2 model."""
_WORDS = 75
_ROUNDS = 5
_TEXT = (
    "The river runs along the old stone wall, and nobody knew what the letter said.",
    "Bring three apples and a bottle of cold milk for the children tomorrow morning!",
    "Will you come with us over the hill, or do you stay here until evening comes?",
    "There was a time when every house in this street had a garden full of roses.",
    "Nobody asked him what he had seen, so he kept it all for himself.",
)


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the ratio of the medians of CPU time.

    Raises:
        BenchError: the gpu extra is not installed, or the words differ.
    """
    try:
        from app.gpu.engines.wav2vec2.wav2vec2_aligner import align_together
        from tests.gpu import aligner_fixtures
    except ImportError as error:
        raise BenchError(f"needs the gpu extra: {error}") from error
    truth = aligner_fixtures.said(" ".join(_TEXT), _FRAMES)
    alignment_input = aligner_fixtures.alignment_input_of(_TEXT, _FRAMES)
    acoustics = aligner_fixtures.acoustics_of(truth.logits)
    network = aligner_fixtures.FixedNetwork(truth.logits)

    def ours() -> list[str]:
        return _texts(align_together([alignment_input], acoustics)[0])

    def theirs() -> list[str]:
        words = aligner_fixtures.whisperx_words(network, alignment_input, aligner_fixtures.CODES)
        return [word["word"] for word in words]

    _check(alignment_input, ours(), theirs())
    ours_ms: list[float] = []
    theirs_ms: list[float] = []
    for number in range(_ROUNDS):
        sides = [(ours, ours_ms), (theirs, theirs_ms)]
        for side, spent in sides[:: 1 if number % 2 == 0 else -1]:
            spent.append(_cpu_ms(side))
    mine, other = statistics.median(ours_ms), statistics.median(theirs_ms)
    environment.progress.step(f"alignment: {mine:.1f} ms of CPU for 30 s against {other:.1f} ms")
    return [ALIGN_CPU.reached(mine / other)]


def _texts(segments: Sequence[Segment]) -> list[str]:
    return [word.text for segment in segments for word in segment.words]


def _check(alignment_input: AlignmentInput, ours: list[str], theirs: list[str]) -> None:
    if not _texts(alignment_input.segments) == ours == theirs or len(ours) != _WORDS:
        raise BenchError("the two sides do not align the same words")


def _cpu_ms(work: Callable[[], object]) -> float:
    started_s = time.process_time()
    work()
    return 1000 * (time.process_time() - started_s)
