"""Submission of jobs: from a checked request to a job, whatever protocol it came by."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.container import Services
from app.domain.errors import CuestreamError
from app.domain.events import Notice
from app.domain.request import Audience, JobRequest, SentCaptions, UploadedFile
from app.services.jobs.admission import check_role
from app.services.jobs.runtime import JobRuntime
from app.services.jobs.uploads_of_jobs import discard_upload
from app.submission.caption_body import uploaded_captions
from app.submission.file_delivery import s3_config
from app.submission.server_defaults import with_server_defaults
from app.submission.subtitle_body import SubtitleBody
from app.system.loop_turns import take_turn


async def submit(services: Services, request: JobRequest) -> JobRuntime:
    """Return the job of a request: a new one, or one that an equal request has started.

    The file of a refused request is removed.

    Args:
        services: of the process.
        request: with its caller and its audience.

    Raises:
        CuestreamError: the request or its media is bad, or the server is full.
    """
    try:
        await check_request(services, request)
        await take_turn()
    except BaseException:
        discard_upload(request)
        raise
    return await services.runner.submit(request)


async def check_request(services: Services, request: JobRequest) -> None:
    """Check what can be known of a request before it waits or works.

    Raises:
        CuestreamError: this worker does not do such work, or its source must not be reached.
    """
    check_role(request, services.settings)
    with services.address_checks.place(request.holder):
        await services.opener.check(request.source)


@dataclass(frozen=True, slots=True)
class SentBody:
    """A body for subtitles, with who sent it and what came along.

    Attributes:
        body: as it was sent.
        caller: who pays for the translation; empty where no key is needed.
        holder: who holds the job's place; see `JobRequest`.
        upload: the file that came with it.
        audience: whether a viewer watches the cues as they come.
        notices: how captions in the body were read, where that was not certain.
        base_url: address of the server as the caller knows it, for links to stored files.
    """

    body: SubtitleBody
    caller: str
    holder: str
    upload: UploadedFile | None = None
    audience: Audience = "batch"
    notices: tuple[Notice, ...] = ()
    base_url: str | None = None


async def submit_body(services: Services, sent: SentBody) -> JobRuntime:
    """Return the job that a body requests; the file of a refused upload is removed.

    An upload that is a caption file counts as captions in the body.

    Raises:
        CuestreamError: the request or its media is bad, or the server is full.
    """
    try:
        job = await submit(services, await prepared(services, sent))
        job.callers.ask_formats(sent.holder, sent.body.wanted_formats)
        if sent.body.stores_files:
            job.callers.ask_files(sent.holder, s3_config(sent.body.s3_config))
        return job
    except CuestreamError:
        if sent.upload is not None:
            sent.upload.path.unlink(missing_ok=True)
        raise


async def prepared(services: Services, sent: SentBody) -> JobRequest:
    """Return the request that a body makes; errors are those of `submit_body`."""
    body, upload, notices = sent.body, sent.upload, sent.notices
    body.check_sources(with_file=upload is not None)
    claimed = None
    if body.upload_id:
        claimed = upload = await services.uploads.claim(body.upload_id, services.workdir)
    try:
        if upload is not None:
            language = body.caption_language()
            decoded = await uploaded_captions(upload, language)
            if decoded is not None:
                upload.path.unlink(missing_ok=True)
                body, upload = body.model_copy(update={"captions": decoded.text}), None
                notices = decoded.notices
        await take_turn()
        _check_store(services, body, sent.base_url)
        request = body.job_request(upload)
    except CuestreamError:
        if claimed is not None:
            claimed.path.unlink(missing_ok=True)
        raise
    if isinstance(request.source, SentCaptions):
        request = replace(request, source=replace(request.source, notices=notices))
    return with_server_defaults(
        replace(request, caller=sent.caller, audience=sent.audience, holder=sent.holder),
        services.settings,
        speakers=body.diarize is None,
        profile=not body.profile,
    )


def _check_store(services: Services, body: SubtitleBody, base_url: str | None) -> None:
    """Check that the files of a body could be stored, if it wants that.

    Raises:
        BadRequestError: they could not.
    """
    own = s3_config(body.s3_config)
    if body.stores_files:
        services.files.check(own, base_url)
