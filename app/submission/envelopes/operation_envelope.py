"""Media operations as jobs: an object with ``operation``, and its answer in two versions.

Without ``path`` and ``output_filename`` the answer has a link that anybody can fetch. With them the
result goes to the named place in the caller's object store.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from app.domain.errors import InvalidFieldError, StoreNotConfiguredError
from app.domain.events import Progress
from app.services.files.result_file import FileLink, NewFile
from app.services.files.s3_config import S3Config
from app.services.operations.operation import (
    MediaOperation,
    OperationInput,
    OperationResult,
    OutputFile,
)
from app.services.operations.operation_context import OperationProgress
from app.services.operations.operation_table import operation_named
from app.services.pipeline.progress import format_eta
from app.submission.envelopes.envelope import EnvelopeJob, Payload
from app.submission.envelopes.named_media import with_named_media
from app.submission.field_problems import describe
from app.submission.file_delivery import s3_config

_CONFIG_ERROR = "CONFIG_ERROR"
"""Type of the error for a missing store, as clients of media workers know it."""

_STORE_MISSING = (
    "S3 configuration is required but not provided. Send s3_config, or set S3_BUCKET_NAME with its "
    "keys on the server"
)
_REPORT_S = 1.0


async def answer_operation(job: EnvelopeJob) -> object:
    """Do a media operation and return its answer.

    A job that names a place in an object store where none is configured has an ``error`` and an
    ``error_type``.

    Raises:
        CuestreamError: see `operation_answer`.
    """
    try:
        return await operation_answer(job)
    except StoreNotConfiguredError as error:
        return {"error": error.message, "error_type": _CONFIG_ERROR}


async def operation_answer(job: EnvelopeJob) -> Payload:
    """Do a media operation and return its answer.

    Raises:
        OperationUnavailableError: no operation has this name.
        InvalidFieldError: a field is missing or wrong.
        StoreNotConfiguredError: the result is to go to an object store, and there is none.
        CuestreamError: the operation failed, or media that a field names cannot be had.
    """
    operation = operation_named(job.input.get("operation"))
    async with with_named_media(job.input, job.services) as fields:
        return await _answered(job, operation, operation_input(operation, fields))


async def _answered(
    job: EnvelopeJob, operation: MediaOperation, checked: OperationInput
) -> Payload:
    delivery = _Delivery(job, operation, checked)
    delivery.check()
    async with (
        _reported(job) as tell,
        job.services.operations.running(
            operation,
            checked,
            tell,
            delivery.deliver,
            caller=job.caller,
            holder=job.holder,
        ) as result,
    ):
        return await delivery.answer(result)


def operation_input(operation: MediaOperation, fields: Mapping[str, Any]) -> OperationInput:
    """Return the checked input of an operation.

    Raises:
        InvalidFieldError: a field is missing or wrong.
    """
    if operation.lacks_fields(fields):
        raise InvalidFieldError(operation.missing_message)
    try:
        return operation.input.model_validate(fields)
    except ValidationError as error:
        raise InvalidFieldError(
            describe(error.errors(include_url=False, include_input=False))
        ) from None


class _Delivery:
    """Stores the files of a result, and writes its answer."""

    def __init__(
        self, job: EnvelopeJob, operation: MediaOperation, checked: OperationInput
    ) -> None:
        self._job = job
        self._operation = operation
        self._checked = checked
        self._files = job.services.files
        self._own = _own_store(job)

    @property
    def _has_object_store(self) -> bool:
        return self._own is not None or self._files.is_object_store

    def check(self) -> None:
        """Check that files could be stored, ahead of the work.

        Raises:
            StoreNotConfiguredError: they could not, or not where the caller wants them.
        """
        if self._checked.is_placed and not self._has_object_store:
            raise StoreNotConfiguredError(_STORE_MISSING)
        self._files.check(self._own, self._job.base_url)

    async def deliver(self, file: NewFile) -> FileLink:
        """Store a file for the caller and return a link to it."""
        held = replace(file, holder=self._job.holder)
        return await self._files.deliver(held, self._own, self._job.base_url)

    async def answer(self, result: OperationResult) -> Payload:
        """Store the files of a result and return the answer."""
        entries = [await self._entry(file, result) for file in result.files]
        answer: Payload = {"success": True}
        if result.list_field:
            answer[result.list_field] = entries
        else:
            for entry in entries:
                answer |= entry
        answer |= {"message": result.message, **result.fields}
        if result.notices:
            answer["notices"] = [{"code": c, "message": text} for c, text in result.notices]
        return answer

    async def _entry(self, file: OutputFile, result: OperationResult) -> Payload:
        name = file.name
        if self._checked.output_filename and not result.list_field:
            name = self._checked.output_filename
        place = None
        if self._checked.is_placed:
            place = self._place(name)
        new = NewFile(name, file.path, file.media_type, place=place)
        link = await self.deliver(new)
        entry: Payload = {**file.fields, file.url_field: link.url, "filename": link.file.name}
        if place is not None:
            entry["s3_key"] = link.file.key
        return {**entry, "size_bytes": link.file.size_bytes, "expires_at": link.expires_at_s}

    def _place(self, name: str) -> str:
        path = self._checked.path or ""
        slash = "/" if path and self._operation.joins_path and not path.endswith("/") else ""
        return f"{path}{slash}{name}"


def _own_store(job: EnvelopeJob) -> S3Config | None:
    """Return the caller's store: the job's, else the order's; ``path`` is the result's there."""
    given = job.input.get("s3_config") or job.input.get("s3Config")
    return s3_config(given if given is not None else job.s3_config)


@asynccontextmanager
async def _reported(job: EnvelopeJob) -> AsyncIterator[Callable[[OperationProgress], None]]:
    """Report the latest progress of a job every second; its log has all of it."""
    latest: list[OperationProgress] = []

    async def report() -> None:
        shown: OperationProgress | None = None
        while True:
            if latest and latest[0] is not shown:
                shown = latest[0]
                await job.report(progress_of(shown))
            await asyncio.sleep(_REPORT_S)

    def tell(progress: OperationProgress) -> None:
        latest[:] = [progress]
        job.note(_event_of(progress))

    task = asyncio.create_task(report())
    try:
        yield tell
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _event_of(progress: OperationProgress) -> Progress:
    """Return progress as an event of a job's log."""
    return Progress(
        "media",
        progress.message,
        int(progress.percent),
        progress.step,
        progress.total_steps,
        progress.eta_ms,
        progress.activity,
    )


def progress_of(progress: OperationProgress) -> Payload:
    """Return progress as streams and queues show it."""
    payload: Payload = {
        "stage": "media",
        "activity": progress.activity,
        "message": progress.message,
        "percent": progress.percent,
        "step": progress.step,
        "totalSteps": progress.total_steps,
    }
    payload |= progress.ready
    if progress.eta_ms:
        payload["eta"] = format_eta(progress.eta_ms)
    return payload
