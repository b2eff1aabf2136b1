"""Uploaded files of jobs."""

from __future__ import annotations

from contextlib import suppress

from app.domain.request import JobRequest, UploadedFile


def discard_upload(request: JobRequest) -> None:
    """Remove the file that came with a request, if any."""
    if isinstance(request.source, UploadedFile):
        with suppress(OSError):
            request.source.path.unlink(missing_ok=True)
