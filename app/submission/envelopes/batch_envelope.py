"""Batches as a queue hands them in: an object with ``queue`` and ``jobs``, and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import PurePosixPath

from app.container import Services
from app.domain.errors import (
    BatchUnavailableError,
    CuestreamError,
    DocumentSchemaError,
    NotReadyError,
    TranscriptionDisabledError,
)
from app.services.batch.batch_item_run import Model
from app.services.batch.batch_items import (
    CACHE_QUEUE,
    QUEUES,
    SCREENSHOT_QUEUE,
    TRANSCRIPTION_QUEUE,
    parse_items,
)
from app.services.batch.document_runner import STATUSES, BatchReport
from app.submission.cached_video import cached_video
from app.submission.envelopes.envelope import EnvelopeJob
from app.submission.run_to_end import run_to_end

BatchAnswer = dict[str, object]

_MOST_JOBS = 1000
_NAME_CHARS = 100


async def answer_batch(job: EnvelopeJob) -> object:
    """Work on a batch to its end and return the answer of its queue."""
    return await answer_envelope(job.services, job.input)


async def answer_envelope(services: Services, envelope: Mapping[str, object]) -> BatchAnswer:
    """Work on a batch to its end and return the answer of its queue.

    An item that fails does not make ``ok`` false. Nothing is raised for a bad envelope: the answer
    says what is wrong with it.

    Args:
        services: of the process.
        envelope: ``queue`` (the one for transcriptions where it is absent) and ``jobs``, or
            ``video_url`` for the queue that asks for cached videos.
    """
    queue = envelope.get("queue", TRANSCRIPTION_QUEUE)
    if queue == CACHE_QUEUE:
        return await cached_video(services, envelope.get("video_url"))
    jobs = envelope.get("jobs")
    if not isinstance(jobs, list) or not jobs:
        return _refused("Invalid or empty jobs list", dict.fromkeys(("total", *STATUSES), 0))
    failed: dict[str, int] = {"total": len(jobs), "completed": 0, "failed": len(jobs)}
    if queue not in QUEUES:
        name = queue if isinstance(queue, str | None) else type(queue).__name__
        return _refused(
            f"Unknown queue: {str(name)[:_NAME_CHARS]}. Supported: {', '.join(QUEUES)}", failed
        )
    if len(jobs) > _MOST_JOBS:
        return _refused(f"Too many jobs ({len(jobs)}). Maximum {_MOST_JOBS} allowed.", failed)
    if queue == SCREENSHOT_QUEUE:
        return await _pictured(services, jobs)
    return await _transcribed(services, jobs)


async def run_batch(services: Services, jobs: list[object]) -> BatchReport:
    """Transcribe the documents of a batch.

    Raises:
        BatchUnavailableError: no database is configured.
    """
    transcribe = partial(run_to_end, services)
    return await services.batches.run(parse_items(jobs), transcribe, partial(model_of, services))


def model_of(services: Services) -> Model:
    """Return what transcribes, as rows and the status name it."""
    settings = services.settings
    provider = "openai" if settings.asr.engine == "openai" else "local"
    if settings.asr.is_whisper:
        return Model(provider, f"WhisperX-{PurePosixPath(_loaded_name(services) or 'auto').name}")
    return Model(provider, _loaded_name(services) or settings.asr.engine)


def _loaded_name(services: Services) -> str:
    """Return the name of the model that is loaded; empty while none is."""
    try:
        name = services.readiness.engine_manager.engines.transcriber_name
    except (NotReadyError, TranscriptionDisabledError):
        return ""
    return name.partition("(")[2].partition(",")[0].rstrip(")")


async def _transcribed(services: Services, jobs: list[object]) -> BatchAnswer:
    failed: dict[str, int] = {"total": len(jobs), **dict.fromkeys(STATUSES, 0), "failed": len(jobs)}
    try:
        report = await run_batch(services, jobs)
    except BatchUnavailableError as error:
        return {
            **_refused(f"Handler processing error: 503: {error.message}", failed),
            "results": [],
        }
    except DocumentSchemaError as error:
        return _refused(f"Configuration error: {error.message}", failed)
    except CuestreamError as error:
        return {**_refused(f"Handler processing error: {error.message}", failed), "results": []}
    return {"ok": True, "summary": report.summary, "results": list(report.results)}


async def _pictured(services: Services, jobs: list[object]) -> BatchAnswer:
    failed: dict[str, int] = {"total": len(jobs), "completed": 0, "failed": len(jobs)}
    try:
        results = await services.screenshots.run(jobs)
    except BatchUnavailableError as error:
        return {
            **_refused(f"Handler processing error: 503: {error.message}", failed),
            "results": [],
        }
    done = sum(each["status"] == "completed" for each in results)
    summary = {"total": len(jobs), "completed": done, "failed": len(jobs) - done}
    return {"ok": True, "summary": summary, "results": results}


def _refused(error: str, summary: Mapping[str, int]) -> BatchAnswer:
    return {"ok": False, "error": error, "summary": dict(summary)}
