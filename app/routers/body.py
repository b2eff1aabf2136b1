"""The body of `/api/process`, `/api/stream`: JSON, or a multipart upload.

Every other body is a pydantic model in its route's signature. This one may hold gigabytes, which
are written to disk as they arrive.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import ClientDisconnect
from streaming_form_data import ParseFailedException, StreamingFormDataParser
from streaming_form_data.targets import BaseTarget, ValueTarget

from app.domain.errors import (
    BadRequestError,
    CuestreamError,
    InvalidFieldError,
    JobCancelledError,
    StorageError,
)
from app.domain.request import UploadedFile
from app.routers.dependencies import services_of
from app.routers.error_responses import INVALID_JSON
from app.services.captions.encoding import decode_text
from app.submission.subtitle_body import SubtitleBody
from app.system.workdir import WorkDir

_FIELDS = tuple(SubtitleBody.model_fields)
_MAX_FIELD_BYTES = 100_000
_MAX_CAPTIONS_BYTES = 10 * 2**20


class _UploadTarget(BaseTarget):  # type: ignore[misc]
    """Writes the file part to disk and hashes it on its way."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._file = path.open("wb")
        self._digest = hashlib.sha256()
        self.complete = False

    def on_data_received(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        self._file.write(chunk)

    def on_finish(self) -> None:
        self._file.close()
        self.complete = True

    def discard(self) -> None:
        self._file.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def upload(self) -> UploadedFile:
        return UploadedFile(self._path, self._digest.hexdigest(), self.multipart_filename or "")


class _FieldTarget(ValueTarget):  # type: ignore[misc]
    """A text field, with a limit; one that was sent as a file may be in any encoding."""

    def __init__(self, max_bytes: int = _MAX_FIELD_BYTES) -> None:
        super().__init__()
        self._left = max_bytes

    def on_data_received(self, chunk: bytes) -> None:
        self._left -= len(chunk)
        if self._left < 0:
            raise InvalidFieldError("A form field is too long")
        super().on_data_received(chunk)

    @property
    def text(self) -> str:
        return decode_text(self.value)


@dataclass(frozen=True, slots=True)
class Submission:
    """A body, with the file that came along in a multipart upload."""

    body: SubtitleBody
    upload: UploadedFile | None = None


async def _read_submission(request: Request) -> Submission:
    """Read the body in either form.

    Raises:
        BadRequestError: it cannot be understood.
        RequestValidationError: a field is wrong.
        StorageError: the upload cannot be written.
        PayloadTooLargeError: it is too large.
    """
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        return await _read_upload(request, services_of(request).workdir)
    return Submission(_validated(await _read_json(request)))


SubmissionDep = Annotated[Submission, Depends(_read_submission)]

_SCHEMA = SubtitleBody.model_json_schema()
SUBMISSION_OPENAPI = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _SCHEMA},
            "multipart/form-data": {
                "schema": {
                    **_SCHEMA,
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        **_SCHEMA["properties"],
                    },
                }
            },
        },
    }
}
"""Both forms for OpenAPI, since FastAPI does not see what `SubmissionDep` reads."""


async def _read_json(request: Request) -> object:
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        raise BadRequestError(INVALID_JSON) from None


def _validated(fields: object) -> SubtitleBody:
    try:
        return SubtitleBody.model_validate(fields)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise RequestValidationError(problems) from None


async def _read_upload(request: Request, workdir: WorkDir) -> Submission:
    file = _UploadTarget(workdir.new_file(".upload"))
    fields = {name: _FieldTarget() for name in _FIELDS}
    fields["captions"] = _FieldTarget(_MAX_CAPTIONS_BYTES)
    try:
        await _parse(request, file, fields)
        body = _validated({name: field.text for name, field in fields.items() if field.value})
        if file.multipart_filename is None:
            if not body.captions:
                raise BadRequestError("The form has no part named file")
            file.discard()
            return Submission(body)
        if not file.complete:
            raise BadRequestError("The upload is cut off")
        return Submission(body, file.upload())
    except BaseException:
        file.discard()
        raise


async def _parse(request: Request, file: _UploadTarget, fields: Mapping[str, _FieldTarget]) -> None:
    try:
        parser = StreamingFormDataParser(headers=dict(request.headers))
        parser.register("file", file)
        for name, target in fields.items():
            parser.register(name, target)
        async for chunk in request.stream():
            await asyncio.to_thread(parser.data_received, chunk)
    except ParseFailedException:
        raise BadRequestError("The multipart body cannot be read") from None
    except ClientDisconnect:
        raise JobCancelledError("The client left during the upload") from None
    except CuestreamError:
        raise
    except OSError:
        raise StorageError("The upload cannot be stored: the disk is full") from None
