"""From a checked body to a job."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from app.container import Services
from app.domain.errors import CuestreamError, InvalidFieldError
from app.domain.request import Audience, UploadedFile
from app.services.jobs.runtime import JobRuntime
from app.submission.caption_body import uploaded_captions
from app.submission.subtitle_body import SubtitleBody


async def submit_body(
    services: Services,
    caller: str,
    body: SubtitleBody,
    upload: UploadedFile | None = None,
    audience: Audience = "batch",
) -> JobRuntime:
    """Return the job that does what a body asks for; an upload that is refused is removed.

    An upload that is a caption file counts as captions that were sent.

    Args:
        services: of the application.
        caller: who pays, see `caller_of`.
        body: as it was sent.
        upload: the file that came with it.
        audience: who waits for it.

    Raises:
        CuestreamError: the request or its media is bad, or the server is full.
    """
    try:
        if body.upload_id and upload is not None:
            raise InvalidFieldError("Send either a file or an upload_id")
        if body.captions and (body.upload_id or upload is not None):
            raise InvalidFieldError("Send either media or captions")
        if body.upload_id:
            upload = await services.uploads.claim(body.upload_id, services.workdir)
        if upload is not None and (text := await asyncio.to_thread(uploaded_captions, upload)):
            upload.path.unlink(missing_ok=True)
            body, upload = body.model_copy(update={"captions": text}), None
        wanted = replace(body.job_request(upload), caller=caller, audience=audience)
        await services.opener.check(wanted.source)
    except CuestreamError:
        if upload is not None:
            upload.path.unlink(missing_ok=True)
        raise
    return await services.runner.submit(wanted)
