"""Resumable uploads that the fields of a job name as ``upload:ID``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from app.container import Services
from app.services.operations.media_source import LocalMedia
from app.services.uploads.upload_record import is_id
from app.system.thread_groups import DISK

_PREFIX = "upload:"
_MOST_LEVELS = 20


def is_upload(value: object) -> bool:
    """Whether a field's value names an upload of `/api/uploads`."""
    if not isinstance(value, str) or not value.startswith(_PREFIX):
        return False
    return is_id(value.removeprefix(_PREFIX))


@asynccontextmanager
async def with_uploads(
    fields: Mapping[str, Any], services: Services
) -> AsyncIterator[dict[str, Any]]:
    """Give fields with the files of uploads in the places that name them.

    The upload itself stays until it expires: whoever takes the job over reads it again.

    Args:
        fields: of a job.
        services: of the process.

    Raises:
        UploadNotFoundError: there is no such upload, or it has expired.
        UploadIncompleteError: bytes of it are missing.
        StorageError: it cannot be read.
    """
    async with AsyncExitStack() as stack:

        async def resolved(value: Any, levels: int) -> Any:
            if is_upload(value):
                return await _claimed(value.removeprefix(_PREFIX), services, stack)
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
