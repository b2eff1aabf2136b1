"""`/api/jobs/{job_id}/edits`: the cues of a finished job, edited by people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response

from app.domain import errors as e
from app.domain.errors import (
    EditsChangedError,
    EditsUnconditionalError,
    InvalidFieldError,
)
from app.routers.access.api_keys import caller_of, require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.dependencies import JobDep, ServicesDep, require_admission
from app.routers.described import TEXT, described
from app.routers.edge.request_body import large_json
from app.routers.edit_answers import (
    AlignedCues,
    EditedQuality,
    EditedSubtitles,
    EditsVersion,
    TranslatedCues,
    Waveform,
)
from app.routers.patient_json import patient_json
from app.routers.raised_errors import answers_late, family, raises
from app.routers.sliced_json import sliced_json
from app.services.jobs.stored_edits import decode_edits, editable_cues, encode_edits
from app.submission.operations.edit_body import AlignCuesBody, EditsBody, TranslateCuesBody
from app.submission.operations.edit_operations import (
    align_cues,
    examine_edits,
    peaks_of_job,
    result_of,
    shown_language,
    translate_cues,
)

router = APIRouter(
    prefix="/api/jobs/{job_id}",
    tags=["jobs"],
    dependencies=[Depends(require_key)],
    route_class=GuardedRoute,
)

_TAG = re.compile(r'"(\d{1,15})"')
_ETAG = {"ETag": {"description": "Version of the edits, for If-Match", "schema": TEXT}}
_NO_STORE = {"Cache-Control": "no-store"}
_HOUR = {"Cache-Control": "private, max-age=3600"}
_CUE = {"id": 0, "start_ms": 1000, "end_ms": 3500, "text": "Where do you want to go today?"}
_MATCH_CHARS = 200

IfMatch = Annotated[
    str | None,
    Header(
        max_length=_MATCH_CHARS,
        description="ETag of the edits that may be replaced; * for any",
        openapi_examples={"any": {"value": "*"}},
    ),
]


@router.get(
    "/edits", **described("getEdits", "Get a job's cues as edited", EditedSubtitles, headers=_ETAG)
)
@raises(e.JobUnfinishedError, *family(e.StorageError))
async def edits(request: Request, job: JobDep, services: ServicesDep) -> Response:
    """Return a finished job's cues as the caller's key has edited them, else its own.

    On a server without keys all who know the job's id share the edits.
    """
    result = result_of(job)
    stored = await services.runner.edits(job.id, caller_of(request))
    edited = stored.content is not None
    cues = editable_cues(result.cues) if stored.content is None else decode_edits(stored.content)
    payload = {
        "job_id": job.id,
        "version": stored.version,
        "edited": edited,
        "language": result.language,
        "target_lang": job.request.target.tag if job.request.target else None,
        "shown_language": shown_language(job, result),
        "duration_ms": result.audio_ms,
        "cues": (asdict(cue) for cue in cues),
    }
    headers = _NO_STORE | {"ETag": f'"{stored.version}"'}
    return Response(await sliced_json(payload), headers=headers, media_type="application/json")


@router.put(
    "/edits",
    **described(
        "putEdits",
        "Store a job's cues as edited",
        EditsVersion,
        headers=_ETAG,
        example={"cues": [_CUE]},
    ),
    dependencies=[large_json()],
)
@raises(*family(e.EditError), *family(e.StorageError), e.OverloadedError)
async def put_edits(
    request: Request,
    job: JobDep,
    body: EditsBody,
    services: ServicesDep,
    if_match: IfMatch = None,
) -> Response:
    """Store all cues of a finished job as edited, if nothing was stored since `If-Match`.

    They belong to the caller's key, outlive the server and go with the job, which stays longer
    for them.
    """
    result_of(job)
    content = encode_edits([cue.cue() for cue in body.cues])
    return await _saved(request, job, services, content, if_match)


@router.delete(
    "/edits", **described("deleteEdits", "Return to a job's own cues", EditsVersion, headers=_ETAG)
)
@raises(*family(e.EditError), *family(e.StorageError))
async def delete_edits(
    request: Request, job: JobDep, services: ServicesDep, if_match: IfMatch = None
) -> Response:
    """Remove the caller's edits of a job, if nothing was stored since `If-Match`."""
    result_of(job)
    return await _saved(request, job, services, None, if_match)


@router.get(
    "/edits/quality",
    **described("checkEdits", "Check a job's edited cues", EditedQuality),
    dependencies=[rate_limited("subtitles")],
)
@raises(e.JobUnfinishedError, *family(e.StorageError), e.TooMuchWorkError, e.OverloadedError)
@answers_late
async def quality(request: Request, job: JobDep, services: ServicesDep) -> Response:
    """Report every rule of the job's profile and every edited cue that breaks it.

    As `/api/qc`, with `ids`: those of the cues that it numbers.
    """
    work = examine_edits(job, services, caller_of(request))
    return await patient_json(request, work, services.settings.server.sync_keepalive_after_s)


@router.post(
    "/edits/translate",
    **described(
        "translateEdits",
        "Translate cues again",
        TranslatedCues,
        example={"cues": [{"id": 0, "text": _CUE["text"]}], "target_lang": "es"},
    ),
    dependencies=[rate_limited("translate"), Depends(require_admission), large_json()],
)
@raises(
    e.JobUnfinishedError,
    e.InvalidLanguageError,
    e.EngineLoadError,
    e.EngineError,
    e.ResourceLimitError,
    *family(e.TranslationError),
)
@answers_late
async def translate_again(
    request: Request, job: JobDep, body: TranslateCuesBody, services: ServicesDep
) -> Response:
    """Translate some cues of a job anew; nothing is stored."""
    work = translate_cues(job, body, services, caller_of(request))
    return await patient_json(request, work, services.settings.server.sync_keepalive_after_s)


@router.post(
    "/edits/align",
    **described(
        "alignEdits",
        "Find the times of cues again",
        AlignedCues,
        example={"cues": [{"id": 0, "text": "Where do you want to go?"}]},
    ),
    dependencies=[rate_limited("subtitles"), large_json()],
)
@raises(
    e.JobUnfinishedError,
    e.UnavailableOptionError,
    e.MediaMismatchError,
    e.TooMuchWorkError,
    e.OverloadedError,
)
@answers_late
async def align_again(
    request: Request, job: JobDep, body: AlignCuesBody, services: ServicesDep
) -> Response:
    """Find the times of some cues by the words that the job transcribed; nothing is stored."""
    work = align_cues(job, body)
    return await patient_json(request, work, services.settings.server.sync_keepalive_after_s)


@router.get(
    "/peaks",
    **described("getPeaks", "Get the waveform of a job's recording", Waveform),
    dependencies=[rate_limited("subtitles")],
)
@raises(
    e.AudioNotStoredError,
    e.OverloadedError,
    *family(e.StorageError),
    e.ResourceLimitError,
    e.InvalidAudioTrackError,
    *family(e.MediaError),
)
@answers_late
async def peaks(
    request: Request,
    job: JobDep,
    services: ServicesDep,
    bin_ms: Annotated[int, Query(ge=5, le=1000, description="Time of each value")] = 20,
) -> Response:
    """Return the loudest sample of each stretch of time, while the server has the sound."""
    work = peaks_of_job(job, services, bin_ms)
    answer = await patient_json(request, work, services.settings.server.sync_keepalive_after_s)
    answer.headers.update(_HOUR)
    return answer


async def _saved(
    request: Request,
    job: JobDep,
    services: ServicesDep,
    content: bytes | None,
    if_match: str | None,
) -> Response:
    version = await services.runner.save_edits(
        job.id, caller_of(request), content, _versions(if_match)
    )
    if version is None:
        stored = await services.runner.edits(job.id, caller_of(request))
        raise EditsChangedError(stored.version)
    payload = {"job_id": job.id, "version": version, "edited": content is not None}
    headers = _NO_STORE | {"ETag": f'"{version}"'}
    return Response(await sliced_json(payload), headers=headers, media_type="application/json")


def _versions(if_match: str | None) -> frozenset[int] | None:
    """Return the versions that a header names; None for any.

    A weak tag never matches. Source: RFC 9110, sections 8.8.3.2 and 13.1.1.

    Raises:
        EditsUnconditionalError: there is no such header.
        InvalidFieldError: it is no list of entity tags.
    """
    if if_match is None:
        raise EditsUnconditionalError("If-Match must name the edits that may be replaced")
    if if_match.strip() == "*":
        return None
    return frozenset(_named(if_match))


def _named(if_match: str) -> Iterator[int]:
    for part in if_match.split(","):
        tag = part.strip()
        if found := _TAG.fullmatch(tag):
            yield int(found[1])
        elif not tag.removeprefix("W/").startswith('"') or not tag.endswith('"'):
            raise InvalidFieldError("If-Match must be a list of entity tags, or *")
