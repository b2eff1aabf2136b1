"""Media of this server that the fields of a job name: ``upload:ID`` and ``job:ID``.

The first is a resumable upload, the second the recording of a subtitle job.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from app.container import Services
from app.domain.errors import InvalidFieldError
from app.services.operations.media_source import LocalMedia
from app.services.uploads.upload_record import is_id
from app.submission.operations.stored_media import open_media
from app.system.thread_groups import DISK

_UPLOAD, _JOB = "upload:", "job:"
_MOST_LEVELS = 20
_MOST_JOBS = 50
"""Each has an open file as long as the operation takes."""


def is_upload(value: object) -> bool:
    """Whether a field's value names an upload of `/api/uploads`."""
    return _names(value, _UPLOAD)


def _names(value: object, prefix: str) -> bool:
    if not isinstance(value, str) or not value.startswith(prefix):
        return False
    return is_id(value.removeprefix(prefix))


def _named_jobs(value: object, levels: int) -> Iterator[str]:
    """Return all names of jobs in a value, as often as they stand there."""
    if isinstance(value, str):
        if _names(value, _JOB):
            yield value
    elif levels >= 0 and isinstance(value, list | Mapping):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _named_jobs(each, levels - 1)


@asynccontextmanager
async def with_named_media(
    fields: Mapping[str, Any], services: Services
) -> AsyncIterator[dict[str, Any]]:
    """Give fields with the files of uploads and of jobs in the places that name them.

    The upload itself stays until it expires: whoever takes the job over reads it again. The
    recording of a job stays readable until the block is left, whatever the cache removes meanwhile.

    Args:
        fields: of a job.
        services: of the process.

    Raises:
        UploadNotFoundError: there is no such upload, or it has expired.
        UploadIncompleteError: bytes of it are missing.
        JobNotFoundError: there is no such job.
        MediaNotStoredError: the server does not have the job's recording.
        InvalidFieldError: too many jobs are named.
        StorageError: it cannot be read.
    """
    if len(set(_named_jobs(fields, _MOST_LEVELS))) > _MOST_JOBS:
        raise InvalidFieldError(f"The recordings of {_MOST_JOBS} jobs at most may be named")
    async with AsyncExitStack() as stack:
        jobs = _JobMedia(services, stack)

        async def resolved(value: Any, levels: int) -> Any:
            if is_upload(value):
                return await _claimed(value.removeprefix(_UPLOAD), services, stack)
            if _names(value, _JOB):
                return await jobs.media(value.removeprefix(_JOB))
            if levels and isinstance(value, list):
                return [await resolved(each, levels - 1) for each in value]
            if levels and isinstance(value, dict):
                return {name: await resolved(each, levels - 1) for name, each in value.items()}
            return value

        yield {name: await resolved(value, _MOST_LEVELS) for name, value in fields.items()}


async def _claimed(upload_id: str, services: Services, stack: AsyncExitStack) -> LocalMedia:
    file = await services.uploads.claim(upload_id, services.workdir)
    stack.push_async_callback(DISK.run, Path.unlink, file.path, True)
    return LocalMedia(file.path, file.name)


class _JobMedia:
    """Opens the recordings of jobs, each once, and closes them with a stack.

    Args:
        services: of the process.
        stack: closes them.
    """

    def __init__(self, services: Services, stack: AsyncExitStack) -> None:
        self._services = services
        self._stack = stack
        self._opened: dict[str, LocalMedia] = {}

    async def media(self, job_id: str) -> LocalMedia:
        """Return the recording of a job; whoever knows the job's id may read it."""
        if (known := self._opened.get(job_id)) is not None:
            return known
        job = await self._services.runner.get(job_id)
        file, _ = await open_media(job, self._services)
        self._stack.callback(file.close)
        self._opened[job_id] = LocalMedia(file.path, f"{_JOB}{job_id}")
        return self._opened[job_id]
