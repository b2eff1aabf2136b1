"""Time of whole jobs with exact words, speakers included: one at a time, or many.

From a file's path to its cues.

Each goes through `Pipeline.run`, as in the server; nothing is translated, since that waits for a
language model somewhere else.
"""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from app.domain.events import Event, SegmentTranscribed
from app.domain.language import known_language
from app.domain.request import JobRequest, UploadedFile
from app.gpu.work_context import WorkContext
from app.services.cache.caches import no_caches
from app.services.pipeline.pipeline import Pipeline
from app.services.pipeline.pipeline_run import PipelineServices
from app.services.playback.playback import Playback
from app.services.sources.opener import MediaOpener
from app.services.translation.llm.ledger import CallerLedgers
from app.services.translation.llm.model_catalog import Prices
from app.services.translation.translator_registry import build_translator
from app.system.workdir import WorkDir
from bench.figure import BenchError
from bench.gpu.alignment import align_bound_s
from bench.gpu.ceilings import Ceilings
from bench.gpu.plan import Plan
from bench.gpu.policies import transcription_bound_s
from bench.gpu.row import Row, Section
from bench.gpu.site import WINDOW_S, Site
from bench.gpu.voices import chunk_bound_s
from bench.whisper import engines

TITLE = "Whole jobs: words, exact times, speakers"

_CLIP = Path(__file__).parents[2] / "fixtures" / "talk" / "two-voices.mp4"
_BATCH = 16
_CONCURRENT = 32
"""Jobs that the goals are about."""


def rows(plan: Plan, ceilings: Ceilings) -> Iterator[Row]:
    """Yield what is measured, without values."""
    for jobs in plan.jobs:
        yield from _rows(plan, ceilings, jobs)


def measure(site: Site) -> Section:
    """Run all numbers of jobs."""
    media = _media(site.folder, site.plan.job_min)
    return Section(TITLE, tuple(asyncio.run(_measured(site, media))))


async def _measured(site: Site, media: Path) -> list[Row]:
    found: list[Row] = []
    settings = site.settings(everything=True)
    async with engines(settings) as ours:
        with WorkDir.open(site.folder) as workdir:
            translator = build_translator(settings)
            caches = no_caches(settings)
            ledgers = CallerLedgers(None, Prices())
            opener = MediaOpener(settings, workdir, caches)
            services = PipelineServices(
                settings, opener, caches, workdir, ledgers, ours, translator
            )
            pipeline = Pipeline(services)
            for jobs in site.plan.jobs:
                site.report(f"{jobs} x {site.plan.job_min:g} min through the line")
                started_s = time.monotonic()
                first_s = await asyncio.gather(*(_run(pipeline, media, n) for n in range(jobs)))
                all_s = time.monotonic() - started_s
                speed = jobs * 60 * site.plan.job_min / all_s
                values = (float(np.percentile(first_s, 95)), all_s, speed)
                each = _rows(site.plan, site.ceilings, jobs)
                found += [row.measured(v) for row, v in zip(each, values, strict=True)]
    return found


async def _run(pipeline: Pipeline, media: Path, number: int) -> float:
    """Return the seconds to a job's first text.

    Raises:
        BenchError: the job left a stage out.
    """
    started_s = time.monotonic()
    first_texts_s: list[float] = []

    def emit(event: Event) -> None:
        if isinstance(event, SegmentTranscribed):
            first_texts_s.append(time.monotonic() - started_s)

    source = UploadedFile(media, sha256="")
    request = JobRequest(source, spoken=known_language("en"), diarize=True)
    playback = Playback(WorkContext(f"job {number}"))
    result = await pipeline.run(request, playback, emit)
    if result.notices:
        raise BenchError(f"the line left something out: {result.notices[0].message}")
    return first_texts_s[0]


def _rows(plan: Plan, ceilings: Ceilings, jobs: int) -> list[Row]:
    name = f"{jobs} x {plan.job_min:g} min" if jobs > 1 else f"{plan.job_min:g} min"
    alone, many = jobs == 1, jobs == _CONCURRENT
    first_s = transcription_bound_s(plan.first, ceilings, 1)
    speed = 1 / _bound(plan, ceilings)
    goal_s = 0.5 if alone else 4 if many else None
    return [
        Row(f"{name}: from the path to the first text, p95", "s", first_s, goal_s),
        Row(f"{name}: to the last cue", "s", jobs * 60 * plan.job_min / speed),
        Row(f"{name}: sound by time", "x", speed, 200 if many else None, "higher"),
    ]


def _bound(plan: Plan, ceilings: Ceilings) -> float:
    """Return the least time for a second of sound, all networks one after the other."""
    transcription_s = transcription_bound_s(plan.first, ceilings, _BATCH) / WINDOW_S
    aligning_s = align_bound_s(plan, ceilings, WINDOW_S) / WINDOW_S
    return transcription_s + aligning_s + (chunk_bound_s(plan.voices, ceilings) or 0)


def _media(folder: Path, minutes: float) -> Path:
    """Return a recording of that length: the sample, over and over.

    Raises:
        BenchError: ffmpeg is missing or failed.
    """
    path = folder / "job.m4a"
    command = ("ffmpeg", "-v", "error", "-y", "-stream_loop", "-1", "-i", str(_CLIP))
    cut = ("-t", str(60 * minutes), "-vn", "-c:a", "aac", str(path))
    try:
        subprocess.run([*command, *cut], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchError("ffmpeg could not make a recording") from error
    return path
