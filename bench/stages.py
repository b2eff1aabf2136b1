"""What one job takes through the line, beside the same stages one after the other.

The line lets each stage work as soon as its part is there. One recording with exact word times and
speakers: through `Line.run`, and with the same engines behind the same queue in steps that each
end before the next begins: decode and cut, hear all windows, align all, listen for speakers in
slices, tell them apart, lay out cues. Wall time. Whisper writes a chosen text; the aligner and the
voices have random weights, which cost what trained ones cost.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from app.domain.audio import Audio
from app.domain.cue import Cue
from app.domain.language import known_language
from app.domain.profile import DEFAULT_PROFILE
from app.domain.request import JobRequest, SpeakerCount, UploadedFile
from app.domain.transcript import Segment, SpeakerTurn
from app.gpu.engine_room import Engines
from app.gpu.protocols import Diarizer, Voices
from app.gpu.ticket import Ticket
from app.services.clock import StageClock
from app.services.joints import tap
from app.services.pipeline import Line
from app.services.stages.align import WordAligner
from app.services.stages.cues import build_cues
from app.services.stages.ear import Hearing, WindowEar
from app.services.stages.speakers import assign_speakers
from app.services.stages.speech import SpeechWindow, cut_windows
from app.services.store.caches import no_caches
from app.services.translation.ledger import JobLedger
from app.services.translation.prices import Prices
from app.services.translation.registry import build_translator
from app.services.viewer import Viewer
from app.services.workdir import WorkDir
from app.settings import AlignmentSettings, DiarizationSettings, JobSettings, Settings
from bench.figure import BenchError, Figure, Goal
from bench.measure import Means
from bench.recording import TALK
from bench.whisper import checkpoint, engines, opened, settings_for

OVER_STAGES = Goal("pipeline_over_stages", 1.05, "ratio")

_MINUTES = 5
_ROUNDS = 3
_ENGLISH = known_language("en")

T = TypeVar("T")


async def measure(means: Means) -> Sequence[Figure]:
    """Return the median of the rounds' ratios.

    Raises:
        BenchError: the gpu extra is not installed, or the two did not do the same.
    """
    media = means.recordings.get(TALK, _MINUTES)
    ratios: list[float] = []
    with tempfile.TemporaryDirectory() as folder, checkpoint() as model, _one_thread():
        settings = _settings(model, Path(folder))
        async with engines(settings) as ours:
            with WorkDir.open(Path(folder)) as workdir:
                sides = _Sides(ours, settings, workdir, media)
                for number in range(1, _ROUNDS + 1):
                    # Who goes first changes, so that a machine that slows down favours neither.
                    order = (sides.line, sides.steps)[:: 1 if number % 2 else -1]
                    timed = {side.__name__: await _timed(side) for side in order}
                    (line_s, line), (steps_s, steps) = timed["line"], timed["steps"]
                    _check_equal(line, steps)
                    ratios.append(line_s / steps_s)
                    told = f"line {line_s:.1f} s, stages {steps_s:.1f} s"
                    means.progress.step(f"stages, round {number}: {told}, {len(line)} cues")
    return [OVER_STAGES.reached(statistics.median(ratios))]


@dataclass(frozen=True, slots=True)
class _Sides:
    """What is compared."""

    ours: Engines
    settings: Settings
    workdir: WorkDir
    media: Path

    async def line(self) -> Sequence[Cue]:
        """Run the job as the server runs it."""
        translator = build_translator(self.settings)
        caches = no_caches(self.settings)
        line = Line(self.ours, translator, caches, self.settings, self.workdir)
        source = UploadedFile(self.media, sha256="")
        request = JobRequest(source, spoken=_ENGLISH, diarize=True)
        ledger = JobLedger(None, Prices())
        async with opened(self.media) as found:
            viewer = Viewer(Ticket("line"))
            result = await line.run(request, found, lambda _: None, viewer, ledger)
        if result.notices:
            raise BenchError(f"the line left something out: {result.notices[0].message}")
        return result.cues

    async def steps(self) -> Sequence[Cue]:
        """Run each stage to its end."""
        windows, samples = await self._cut()
        heard = await self._heard(windows)
        aligned = await self._aligned(windows, heard)
        turns = await self._turns(samples)
        named = assign_speakers([segment for each in aligned for segment in each], turns)
        return [cue async for cue in build_cues(_each(named), DEFAULT_PROFILE)]

    async def _cut(self) -> tuple[list[SpeechWindow], Audio]:
        kept: list[Audio] = []
        async with opened(self.media) as found:
            blocks = tap(found.blocks, kept.append)
            cut = cut_windows(blocks, self.ours.vad, self.settings.vad, StageClock())
            windows = [window async for window in cut]
        return windows, Audio(np.concatenate([block.samples for block in kept]))

    async def _heard(self, windows: Sequence[SpeechWindow]) -> list[list[Segment]]:
        ticket = Ticket("steps")
        hearing = Hearing("", ticket, _ENGLISH)
        cache = no_caches(self.settings).windows
        ear = WindowEar(self.ours.scheduler, cache, hearing, StageClock())
        return await _gathered(ear.hear(window) for window in windows)

    async def _aligned(
        self, windows: Sequence[SpeechWindow], heard: Sequence[list[Segment]]
    ) -> list[list[Segment]]:
        assert self.ours.aligner is not None
        aligner = WordAligner(
            self.ours.aligner, self.ours.scheduler, Ticket("steps"), StageClock(), lambda _: None
        )
        pairs = zip(windows, heard, strict=True)
        done = await _gathered(
            aligner.align(window.audio, segments, window.index) for window, segments in pairs
        )
        return [segments for segments, _ in done]

    async def _turns(self, recording: Audio) -> Sequence[SpeakerTurn]:
        diarizer = self.ours.diarizer
        assert diarizer is not None
        ticket = Ticket("steps")
        voices = await self._listened(diarizer, recording, ticket)
        return await self.ours.scheduler.turns(voices, SpeakerCount(), ticket)

    async def _listened(self, diarizer: Diarizer, recording: Audio, ticket: Ticket) -> Voices:
        voices: Voices | None = None
        samples, size = recording.samples, diarizer.slice_samples
        for at in range(0, len(samples), size):
            piece = Audio(samples[at : at + size], at)
            last = at + size >= len(samples)
            voices = await self.ours.scheduler.listen(piece, voices, ticket, last=last)
        if voices is None:
            raise BenchError("the recording is empty")
        return voices


def _settings(model: Path, folder: Path) -> Settings:
    """Return settings with an aligner and voices beside Whisper."""
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


async def _gathered(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(one) for one in work]
    return [task.result() for task in asked]


async def _each(segments: Sequence[Segment]) -> AsyncIterator[Segment]:
    for segment in segments:
        yield segment


def _check_equal(line: Sequence[Cue], steps: Sequence[Cue]) -> None:
    """The two must have done the same work.

    Raises:
        BenchError: they have not.
    """
    found = [[" ".join(cue.text.split()) for cue in cues] for cues in (line, steps)]
    if found[0] != found[1] or not found[0]:
        raise BenchError(f"{len(line)} cues through the line, {len(steps)} stage by stage")
