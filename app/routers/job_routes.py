"""`/api/jobs`: a running or finished job."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.domain import errors as e
from app.domain.errors import InvalidFieldError, UnavailableOptionError
from app.domain.time import seconds_to_ms
from app.domain.video_timing import NO_VIDEO
from app.routers.access.api_keys import caller_of, require_key
from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.dependencies import JobDep, ServicesDep
from app.routers.described import JOB_HEADER, STREAM, SUBTITLE_TEXTS, TEXT, described
from app.routers.encoders import Payload, encoder_named, progress_payload, result_payload
from app.routers.error_shapes import error_body
from app.routers.file_answer import attachment, notice_headers
from app.routers.file_links import file_delivery
from app.routers.job_answers import JobStanding, SubtitleFile
from app.routers.queue_dependencies import QueueDep
from app.routers.raised_errors import family, raises
from app.routers.sliced_json import sliced_json
from app.routers.sse import stream_job
from app.services.jobs.job_summary import JobSummary
from app.services.jobs.runtime import JobRuntime
from app.services.render.file_writer import render_file
from app.services.render.formats import check_format, format_of_file
from app.submission.operations.edit_operations import edited_cues, edited_profile

router = APIRouter(
    prefix="/api/jobs",
    tags=["jobs"],
    dependencies=[Depends(require_key)],
    route_class=GuardedRoute,
)

_MAX_S = 10**6
"""Eleven days: longer than any recording."""

_MOST_FORMATS = 20
_MAX_EVENT_DIGITS = 18
_NAME_CHARS = 255
_MOST_LISTED = 200
_ID_CHARS = 64

State = Literal["queued", "running", "done", "failed"]
ListedState = Literal["queued", "running", "stopping", "done", "failed"]


class PositionBody(BaseModel):
    """Body of `/api/jobs/{job_id}/position`; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore", strict=True)

    position_s: float = Field(ge=0, le=_MAX_S, description="Where the viewer watches, in seconds")


class Moved(BaseModel):
    """Answer of `/api/jobs/{job_id}/position`."""

    job_id: str
    position_s: float = Field(description="Where the viewer watches")
    state: State = Field(description="Of the job")
    covered: bool = Field(description="Whether the cues of that place are there already")


FormatsQuery = Annotated[
    list[Annotated[str, StringConstraints(max_length=100)]] | None,
    Query(max_length=_MOST_FORMATS, description="Subtitle files; each may hold several by commas"),
]


FileName = Annotated[
    str, Path(max_length=_NAME_CHARS, openapi_examples={"srt": {"value": "talk.es.srt"}})
]


FileFormatQuery = Annotated[
    str | None,
    Query(
        alias="format",
        max_length=100,
        description="Format with its options, such as vtt:words; absent for the extension's",
    ),
]


EditedQuery = Annotated[
    bool, Query(description="Whether the cues are to be as the caller has edited them, if he has")
]


class ListedJob(BaseModel):
    """A job of a list."""

    job_id: str
    state: ListedState
    created_at: str = Field(description="Time of admission, ISO 8601 in UTC")
    ended_at: str | None = Field(description="Time of the end; null before it")
    title: str = Field(description="Of the source, as far as it is known")
    progress: dict[str, object] | None = Field(description="The latest stage, as in a stream")
    kind: str = Field(description="Door that handed it in; empty for the interactive ones")
    code: str | None = Field(description="Of the error that ended it")


class JobList(BaseModel):
    """Answer of `/api/jobs`."""

    jobs: list[ListedJob] = Field(description="The newest first")
    next: str | None = Field(description="Value of `before` for the next page; null on the last")


class Cancelled(BaseModel):
    """Answer of a cancel."""

    job_id: str
    state: State = Field(description="Of the job, which others may wait for")
    cancelled: bool = Field(description="Whether nothing of it will come any more for the caller")


@router.get("", **described("listJobs", "List the caller's jobs", JobList))
@raises(UnavailableOptionError)
async def listed(
    request: Request,
    services: ServicesDep,
    limit: Annotated[int, Query(ge=1, le=_MOST_LISTED)] = 50,
    before: Annotated[str | None, Query(max_length=_ID_CHARS)] = None,
) -> JobList:
    """List the caller's jobs, the newest first.

    Only a key tells callers apart: who has a job's id may read it, so the jobs of one address are
    shown to nobody.
    """
    if not services.settings.access.api_keys:
        raise UnavailableOptionError("Jobs are listed by API key, and this server has no API_KEYS")
    found = await services.runner.listed(caller_name(request), limit + 1, before)
    jobs = [_listed(job) for job in found[:limit]]
    return JobList(jobs=jobs, next=jobs[-1].job_id if len(found) > limit else None)


@router.delete(
    "/{job_id}", **described("cancelSubtitleJob", "Cancel a job for this caller", Cancelled)
)
async def cancel(
    request: Request, job: JobDep, services: ServicesDep, queue: QueueDep
) -> Cancelled:
    """Cancel a job for the caller, for good.

    A queued job of his never starts; a running one stops at its next window unless others read it.
    """
    caller = caller_name(request)
    await queue.withdraw(job.id, caller)
    await services.runner.cancel(job, caller)
    has_left = job.callers.has_left(caller)
    return Cancelled(job_id=job.id, state=_state_of(job), cancelled=has_left)


@router.get(
    "/{job_id}/events",
    **described(
        "followJob",
        "Replay a job's events and follow it",
        content=STREAM,
        headers=JOB_HEADER,
        others={204: "The job has ended and all of it was seen"},
    ),
)
@raises(e.NotFoundError, e.InvalidFormatError)
async def events(
    request: Request,
    job: JobDep,
    services: ServicesDep,
    view: str = "stream",
    after: Annotated[int | None, Query(ge=0)] = None,
    last_event_id: Annotated[str | None, Header()] = None,
    formats: FormatsQuery = None,
) -> Response:
    """Replay the events after a number and follow the job.

    204 where a job has ended and the caller has seen all of it: a browser's `EventSource` connects
    again for ever after any other answer. An error comes as a message and as an event `error`.
    The number of an event that the job has not had is one of another job, and all events come.
    """
    seen = _seen_events(job, _event_number(last_event_id) if after is None else after)
    if seen and seen >= len(job.log) and not job.running:
        return Response(status_code=204)
    services.runner.watch(job)
    encoder = encoder_named(
        view, job, _formats_of(request, job, formats), file_delivery(request, job)
    )
    return stream_job(services.streams, job, encoder, view, seen, errors_as_messages=True)


@router.post(
    "/{job_id}/position",
    **described(
        "moveJobPosition",
        "Say where the viewer watches",
        Moved,
        example={"position_s": 12.5},
    ),
)
async def position(job: JobDep, body: PositionBody, services: ServicesDep) -> Moved:
    """Set where the viewer watches: the recording from there on is processed first."""
    position_ms = seconds_to_ms(body.position_s)
    services.runner.watch(job, position_ms)
    job_state = _state_of(job)
    return Moved(
        job_id=job.id,
        position_s=position_ms / 1000,
        state=job_state,
        covered=job_state == "done" or job.playback.shown.covers(position_ms),
    )


@router.head("/{job_id}/files/{name}", include_in_schema=False)
@router.get(
    "/{job_id}/files/{name}",
    **described(
        "getJobFile",
        "Get a job's cues so far as a subtitle file",
        SubtitleFile,
        content=SUBTITLE_TEXTS,
        headers={"X-Job-State": {"description": "Whether that is all", "schema": TEXT}},
    ),
)
@raises(e.InvalidFormatError, e.TooMuchWorkError, e.JobUnfinishedError, *family(e.StorageError))
async def file(
    request: Request,
    job: JobDep,
    name: FileName,
    services: ServicesDep,
    file_format: FileFormatQuery = None,
    edited: EditedQuery = False,
) -> Response:
    """Return the cues so far as a subtitle file, all of them once the job has ended.

    Any name will do; its extension is the format, unless `format` names it with its options.
    """
    kind = check_format(file_format.strip().lower()) if file_format else format_of_file(name)
    result = job.result
    cues = job.log.final_cues() if result is None else result.cues
    profile = job.request.profile
    if edited and (own := await edited_cues(job, services, caller_of(request))) is not None:
        cues, profile = own, edited_profile(job)
    segments = () if result is None else result.segments
    video = NO_VIDEO if result is None else result.video
    written = await render_file(cues, kind.name, profile, _language_of(job), segments, video=video)
    headers = {
        "Content-Disposition": attachment(name),
        "Cache-Control": "no-store",
        "X-Job-State": _state_of(job),
        **notice_headers(written.notices),
    }
    return Response(written.data, media_type=kind.content_type, headers=headers)


@router.get("/{job_id}", **described("getJob", "Get a job's state and its result", JobStanding))
@raises(e.InvalidFormatError, e.TooMuchWorkError)
async def state(request: Request, job: JobDep, formats: FormatsQuery = None) -> Response:
    """Return a job's state, with its result once there is one."""
    wanted = _formats_of(request, job, formats)
    payload: Payload = {"job_id": job.id, "events": len(job.log)}
    payload["state"] = _state_of(job)
    progress, failure = job.record.progress, job.record.failure
    if progress is not None:
        payload["progress"] = progress_payload(progress)
    if failure is not None:
        payload |= error_body(failure.message, failure.code, retryable=failure.retryable)
    if job.result is not None:
        result = await result_payload(job.result, job, wanted)
        delivery = file_delivery(request, job)
        payload["result"] = result if delivery is None else await delivery.deliver(result, job)
    return Response(await sliced_json(payload), media_type="application/json")


def _listed(job: JobSummary) -> ListedJob:
    return ListedJob(
        job_id=job.id,
        state=job.state,
        created_at=_utc(job.created_ms),
        ended_at=None if job.ended_ms is None else _utc(job.ended_ms),
        title=job.title,
        progress=None if job.progress is None else progress_payload(job.progress),
        kind=job.kind,
        code=job.code,
    )


def _utc(unix_ms: int) -> str:
    moment = datetime.fromtimestamp(unix_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _formats_of(request: Request, job: JobRuntime, formats: list[str] | None) -> tuple[str, ...]:
    """Return the files that a reader wants: those that he names, else those he asked for before.

    Raises:
        InvalidFormatError: there is no such format.
    """
    if formats is None:
        return job.callers.formats(caller_name(request))
    names = (name.strip() for part in formats for name in part.split(","))
    return tuple(dict.fromkeys(check_format(name).name for name in names if name))


def _language_of(job: JobRuntime) -> str:
    """Return the language of a job's cues; ``und`` while it is not known."""
    if job.request.target is not None:
        return job.request.target.tag
    return job.result.language if job.result is not None else "und"


def _state_of(job: JobRuntime) -> State:
    state = job.record.state
    return "running" if state == "stopping" else state


def _seen_events(job: JobRuntime, seen: int) -> int:
    """Return how many events of a job a reader has seen, by the number that he names.

    One that works in another process may have had events that are not known here yet.
    """
    is_elsewhere = job.running and job.link is not None
    return seen if seen <= len(job.log) or is_elsewhere else 0


def _event_number(last_event_id: str | None) -> int:
    if not last_event_id:
        return 0
    if len(last_event_id) > _MAX_EVENT_DIGITS or not (
        last_event_id.isascii() and last_event_id.isdigit()
    ):
        raise InvalidFieldError("Last-Event-ID must be the number of an event")
    return int(last_event_id)
