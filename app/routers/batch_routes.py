"""`/jobs`: batches of documents, for a database's Edge Function."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from app.domain.errors import DocumentStoreError, InvalidFieldError
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.job_token import require_job_token
from app.routers.dependencies import ServicesDep, require_admission
from app.routers.described import described
from app.routers.edge.request_body import large_json
from app.routers.encoders import Payload
from app.routers.late_json import late_json
from app.routers.raised_errors import answers_late, family, raises
from app.services.batch.batch_items import TRANSCRIPTION_QUEUE
from app.submission.envelopes.batch_envelope import model_of, run_batch

router = APIRouter(
    prefix="/jobs",
    tags=["batch"],
    dependencies=[Depends(require_job_token)],
    route_class=GuardedRoute,
)

_MOST_JOBS = 1000
_RESULT_FIELDS = (
    *("msg_id", "status", "document_id", "source", "word_count", "segment_count"),
    *("reason", "error", "read_ct"),
)


class BatchBody(BaseModel):
    """Body of ``/jobs/video-audio-transcription``; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    queue: str | None = Field(TRANSCRIPTION_QUEUE, description="Where the messages were read")
    vt_seconds: int | None = Field(None, description="For how long they were read; not used")
    jobs: list[object] = Field(
        default_factory=list,
        max_length=_MOST_JOBS,
        description="Messages: msg_id, read_ct, document_id or message.document_id, skip_subtitles",
    )


class BatchAnswer(BaseModel):
    """Answer of ``/jobs/video-audio-transcription``."""

    ok: bool
    summary: dict[str, object]
    results: list[dict[str, object]]


class BatchConfig(BaseModel):
    """How batches are worked on."""

    max_retries: int
    model_size: str
    provider: str
    max_concurrent_transcriptions: int


class BatchStatus(BaseModel):
    """Answer of ``/jobs/status``."""

    status: str
    config: BatchConfig


@router.post(
    "/video-audio-transcription",
    dependencies=[Depends(require_admission), large_json()],
    **described(
        "transcribeDocuments",
        "Transcribe the documents of a batch",
        BatchAnswer,
        example={"jobs": []},
    ),
)
@raises(*family(DocumentStoreError))
@answers_late
async def transcribe_documents(
    request: Request, body: BatchBody, services: ServicesDep
) -> Response:
    """Transcribe the documents of a batch and answer once all are done.

    What became of each is stored in the database as soon as it is known, also when the caller has
    left; a message that was not done stays in its queue. `ok` is true whatever became of them.
    """
    if body.queue not in (None, TRANSCRIPTION_QUEUE):
        raise InvalidFieldError(f"queue: this route takes messages of {TRANSCRIPTION_QUEUE}")

    async def work() -> Payload:
        report = await run_batch(services, body.jobs)
        results = [{name: each.get(name) for name in _RESULT_FIELDS} for each in report.results]
        return {"ok": True, "summary": report.summary, "results": results}

    return await late_json(request, work(), goes_on=True)


@router.get("/status", **described("getBatchStatus", "Say how batches are worked on", BatchStatus))
async def batch_status(services: ServicesDep) -> BatchStatus:
    """Return how batches are worked on."""
    batch, model = services.settings.batch, model_of(services)
    return BatchStatus(
        status="ready",
        config=BatchConfig(
            max_retries=batch.worker_max_retries,
            model_size=model.name.removeprefix("WhisperX-"),
            provider=model.provider,
            max_concurrent_transcriptions=batch.max_concurrent_transcriptions,
        ),
    )
