"""Time of one job through the pipeline, beside the same stages one after the other.

The pipeline starts each stage as soon as it has input. One recording with exact word times and
speakers: through `Pipeline.run`, and with the same engines behind the same queue in steps that each
end before the next begins: decode and cut, transcribe all windows, align all, diarize in
slices, cluster speakers, lay out cues. Wall time. Whisper is tiny.en; the aligner and the
voices have random weights, which cost what trained ones cost.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.domain.cue import Cue
from app.domain.language import known_language
from app.domain.request import JobRequest, UploadedFile
from app.gpu.loaded_engines import Engines
from app.gpu.work_context import WorkContext
from app.services.cache.caches import no_caches
from app.services.pipeline.pipeline import Pipeline
from app.services.pipeline.pipeline_run import PipelineServices
from app.services.playback.playback import Playback
from app.services.quality.reading_speed import TOO_FAST
from app.services.sources.opener import MediaOpener
from app.services.translation.llm.ledger import CallerLedgers
from app.services.translation.llm.model_catalog import Prices
from app.services.translation.translator_registry import build_translator
from app.settings import AlignmentSettings, DiarizationSettings, JobSettings, Settings
from app.system.workdir import WorkDir
from bench.figure import BenchError, Figure, Goal
from bench.measure import BenchEnvironment
from bench.recording import TALK
from bench.steps import Steps
from bench.throughput import check_alike
from bench.whisper import checkpoint, engines, settings_for

OVER_STAGES = Goal("pipeline_over_stages", 1.05, "ratio")

_MINUTES = 5
_ROUNDS = 3
_ENGLISH = known_language("en")


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the median of the rounds' ratios.

    Raises:
        BenchError: the gpu extra is not installed, or the two did not do the same.
    """
    media = environment.recordings.get(TALK, _MINUTES)
    ratios: list[float] = []
    with tempfile.TemporaryDirectory() as name, _one_thread():
        folder = Path(name)
        settings = _settings(checkpoint(), folder)
        async with engines(settings) as ours:
            with WorkDir.open(folder) as workdir:
                sides = _Sides(ours, settings, workdir, media)
                for number in range(1, _ROUNDS + 1):
                    pipeline_s, steps_s, cues = await sides.compared(pipeline_first=number % 2 == 1)
                    ratios.append(pipeline_s / steps_s)
                    times = f"line {pipeline_s:.1f} s, stages {steps_s:.1f} s"
                    environment.progress.step(f"stages, round {number}: {times}, {cues} cues")
    return [OVER_STAGES.reached(statistics.median(ratios))]


@dataclass(frozen=True, slots=True)
class _Sides:
    """Both sides of the comparison."""

    ours: Engines
    settings: Settings
    workdir: WorkDir
    media: Path

    async def compared(self, *, pipeline_first: bool) -> tuple[float, float, int]:
        """Return the seconds of both, and how many cues came out.

        Args:
            pipeline_first: alternates, so that a machine that slows down favours neither.
        """
        if pipeline_first:
            pipeline_s, pipeline = await _timed(self.pipeline)
            steps_s, steps = await _timed(self.steps)
        else:
            steps_s, steps = await _timed(self.steps)
            pipeline_s, pipeline = await _timed(self.pipeline)
        _check_equal(pipeline, steps)
        return pipeline_s, steps_s, len(pipeline)

    async def steps(self) -> Sequence[Cue]:
        """Run each stage to its end."""
        return await Steps(self.ours, self.settings, _ENGLISH).run(self.media)

    async def pipeline(self) -> Sequence[Cue]:
        """Run the job as the server runs it."""
        translator = build_translator(self.settings)
        caches = no_caches(self.settings)
        ledgers = CallerLedgers(None, Prices())
        opener = MediaOpener(self.settings, self.workdir, caches)
        services = PipelineServices(
            self.settings, opener, caches, self.workdir, ledgers, self.ours, translator
        )
        source = UploadedFile(self.media, sha256="")
        request = JobRequest(source, spoken=_ENGLISH, diarize=True)
        playback = Playback(WorkContext("pipeline"))
        result = await Pipeline(services).run(request, playback, lambda _: None)
        # Hurried speech makes cues that are hard to read, by stages alone as well.
        if left_out := [notice for notice in result.notices if notice.code != TOO_FAST]:
            raise BenchError(f"the line left something out: {left_out[0].message}")
        return result.cues


def _settings(model: Path, folder: Path) -> Settings:
    """Return settings with an aligner and a diarizer beside Whisper."""
    from bench.gpu.other_weights import write_aligner, write_voices
    from bench.gpu.shapes import SMALL_ALIGNER, TOY_VOICES

    aligner = write_aligner(folder / "aligner", SMALL_ALIGNER)
    voices = write_voices(folder / "voices", TOY_VOICES)
    return settings_for(
        model,
        alignment=AlignmentSettings(enabled=True, models=(f"en={aligner}",)),
        diarization=DiarizationSettings(enabled=True, model=str(voices)),
        jobs=JobSettings(transcript_cache_windows=0),
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch compute on one core, as Whisper does here."""
    try:
        import torch
    except ImportError as error:
        raise BenchError(f"needs the gpu extra: {error}") from error
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


async def _timed(side: Callable[[], Awaitable[Sequence[Cue]]]) -> tuple[float, Sequence[Cue]]:
    started_s = time.monotonic()
    cues = await side()
    return time.monotonic() - started_s, cues


def _check_equal(pipeline: Sequence[Cue], steps: Sequence[Cue]) -> None:
    """The two must have done the same work.

    Raises:
        BenchError: they have not.
    """
    if not pipeline or not steps:
        raise BenchError(f"{len(pipeline)} cues through the line, {len(steps)} stage by stage")
    # The windows of a batch decide the last digits, and so now and then a word.
    check_alike(*([" ".join(cue.text for cue in cues)] for cues in (pipeline, steps)))
