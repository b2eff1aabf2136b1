"""Plan of the measurement: everything at its true size, or tiny to see that it works."""

from __future__ import annotations

from dataclasses import dataclass

from bench.gpu.shapes import (
    COMMUNITY_1,
    LARGE_V3,
    TOY,
    TOY_ALIGNER,
    TOY_VOICES,
    TURBO,
    WAV2VEC2_BASE,
    AlignerShape,
    VoiceShape,
    WhisperShape,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes and counts.

    Attributes:
        whispers: models that are timed alone; the first one serves in all that follows.
        computes: CTranslate2's precisions.
        batches: windows in one call.
        beams: of the search; 1 is greedy.
        callers: jobs at a time.
        windows: of 30 s in each job.
        unbatched: jobs up to which decoding one window at a time is measured; it takes minutes.
        chunk_batches: chunks that go through the embedding network at once.
        listened_min: lengths of recordings that are diarized.
        align_batches: windows that go through the aligner at once.
        viewers: that arrive while another job is diarized.
        job_min: length of a recording that goes through everything.
        jobs: of those at a time.
        rounds: of what is timed alone; medians count.
        matmul: side of the matrices that find the device's ceiling.
    """

    whispers: tuple[WhisperShape, ...] = (LARGE_V3, TURBO)
    computes: tuple[str, ...] = ("float16", "int8_float16")
    batches: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64)
    beams: tuple[int, ...] = (1, 5)
    callers: tuple[int, ...] = (1, 8, 32, 64)
    windows: int = 20
    unbatched: int = 1
    voices: VoiceShape = COMMUNITY_1
    chunk_batches: tuple[int, ...] = (32, 64, 128)
    diarized_min: tuple[float, ...] = (60, 120)
    aligner: AlignerShape = WAV2VEC2_BASE
    align_batches: tuple[int, ...] = (1, 8, 32)
    viewers: int = 20
    job_min: float = 10
    jobs: tuple[int, ...] = (1, 32)
    rounds: int = 5
    matmul: int = 8192

    @property
    def first(self) -> WhisperShape:
        """The model that serves."""
        return self.whispers[0]


FULL = Plan()

TINY = Plan(
    whispers=(TOY,),
    computes=("int8",),
    batches=(1, 2),
    callers=(1, 2),
    windows=2,
    voices=TOY_VOICES,
    chunk_batches=(2,),
    diarized_min=(0.2,),
    aligner=TOY_ALIGNER,
    align_batches=(1, 2),
    viewers=2,
    job_min=0.25,
    jobs=(1, 2),
    rounds=1,
    matmul=128,
)
