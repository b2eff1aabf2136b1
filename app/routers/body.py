"""The body of `/api/process`, `/api/stream`: JSON, or a multipart upload.

Every other body is a pydantic model in its route's signature. This one may hold gigabytes, which
are written to disk as they arrive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from app.container import Services
from app.domain.errors import (
    BadRequestError,
    InvalidFieldError,
    JobCancelledError,
    StorageError,
)
from app.domain.events import Notice
from app.domain.language import Language
from app.domain.request import UploadedFile
from app.routers.dependencies import services_of
from app.routers.edge.json_request import JsonRequest
from app.routers.edge.request_body import body_of, is_multipart
from app.routers.error_responses import INVALID_JSON
from app.routers.multipart import MultipartForm, PartSink
from app.routers.queue_dependencies import refuse_nested_route
from app.services.captions.decoded_file import DecodedFile
from app.services.captions.encoding import decode_file, decode_text
from app.services.uploads.upload_room import UploadRoom, owner_of
from app.submission.envelopes.envelope import Envelope
from app.submission.envelopes.envelope_table import SUBTITLES, envelope_of
from app.submission.subtitle_body import SubtitleBody
from app.system.thread_groups import DISK

_FIELDS = tuple(SubtitleBody.model_fields)
_MAX_FIELD_BYTES = 100_000
_MAX_CAPTIONS_BYTES = 10 * 2**20

_BLOCK_BYTES = 2**16
"""Bytes that are parsed at a time: a form may come in pieces of a byte."""


class _UploadSink:
    """Writes the file part to disk and hashes it on its way; it takes room meanwhile."""

    def __init__(self, path: Path, room: UploadRoom, owner: str) -> None:
        self._path = path
        self._room = room
        self._owner = owner
        self._size = 0
        self._file = path.open("wb")
        self._digest = hashlib.sha256()
        self._name = self._media_type = ""
        self.begun = False
        self.complete = False

    def begin(self, file_name: str | None, media_type: str) -> None:
        self.begun = file_name is not None
        self._name = file_name or ""
        self._media_type = media_type

    def write(self, data: bytes) -> None:
        self._room.pass_through(self._owner, len(data))
        self._size += len(data)
        self._digest.update(data)
        self._file.write(data)

    def finish(self) -> None:
        self._file.close()
        self.complete = True

    def give_room_back(self) -> None:
        self._room.passed(self._owner, self._size)

    def discard(self) -> None:
        self._file.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def upload(self) -> UploadedFile:
        return UploadedFile(self._path, self._digest.hexdigest(), self._name, self._media_type)


class _FieldSink:
    """A text field, with a limit."""

    def __init__(self, max_bytes: int = _MAX_FIELD_BYTES) -> None:
        self._max_bytes = max_bytes
        self.value = bytearray()

    def begin(self, file_name: str | None, media_type: str) -> None:
        del file_name, media_type

    def write(self, data: bytes) -> None:
        if len(self.value) + len(data) > self._max_bytes:
            raise InvalidFieldError("A form field is too long")
        self.value += data

    def finish(self) -> None:
        pass

    @property
    def text(self) -> str:
        return decode_text(bytes(self.value))

    def read_as_file(self, language: Language | None) -> DecodedFile:
        """Return the text of a field that was sent as a file, which may be in any encoding."""
        return decode_file(bytes(self.value), language)


@dataclass(frozen=True, slots=True)
class Submission:
    """A body.

    Attributes:
        upload: the file that came along in a multipart upload.
        notices: how its captions were read, where that was not certain.
        envelope: kind of the body; where it is not one for subtitles, ``body`` is empty.
        fields: of the body, where it is not one for subtitles.
    """

    body: SubtitleBody
    upload: UploadedFile | None = None
    notices: tuple[Notice, ...] = ()
    envelope: Envelope = SUBTITLES
    fields: Mapping[str, Any] = field(default_factory=dict)


async def _read_submission(request: Request) -> Submission:
    """Read the body in either form.

    Raises:
        BadRequestError: it cannot be understood.
        RequestValidationError: a field is wrong.
        StorageError: the upload cannot be written.
        PayloadTooLargeError: it is too large.
    """
    if is_multipart(request):
        return await _read_upload(request, services_of(request))
    fields = await _read_json(request)
    if isinstance(fields, dict):
        # The same JSON as a queue gets.
        if isinstance(fields.get("input"), dict):
            fields = fields["input"]
        envelope = envelope_of(fields)
        if envelope is not SUBTITLES:
            refuse_nested_route(request, envelope)
            return Submission(SubtitleBody(), envelope=envelope, fields=fields)
    return Submission(_validated(fields))


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
        return await JsonRequest.of(request).json()
    except ValueError:
        raise BadRequestError(INVALID_JSON) from None


def _validated(fields: object) -> SubtitleBody:
    try:
        return SubtitleBody.model_validate(fields)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise RequestValidationError(problems) from None


async def _read_upload(request: Request, services: Services) -> Submission:
    owner = owner_of(body_of(request).caller)
    file = _UploadSink(services.workdir.new_file(".upload"), services.uploads.room, owner)
    fields = {name: _FieldSink() for name in _FIELDS}
    fields["captions"] = _FieldSink(_MAX_CAPTIONS_BYTES)
    try:
        await _parse(request, {**fields, "file": file})
        body, notices = await DISK.run(_body_of, fields)
        if not file.begun:
            if not body.captions:
                raise BadRequestError("The form has no part named file")
            file.discard()
            return Submission(body, notices=notices)
        if not file.complete:
            raise BadRequestError("The upload is cut off")
        return Submission(body, file.upload())
    except BaseException:
        file.discard()
        raise
    finally:
        file.give_room_back()


class _ListSink:
    """A text field that may come several times, as lists do in forms."""

    repeats = True

    def __init__(self) -> None:
        self._value = bytearray()

    def begin(self, file_name: str | None, media_type: str) -> None:
        del file_name, media_type
        if self._value:
            self._value += b" "

    def write(self, data: bytes) -> None:
        if len(self._value) + len(data) > _MAX_FIELD_BYTES:
            raise InvalidFieldError("A form field is too long")
        self._value += data

    def finish(self) -> None:
        pass

    @property
    def text(self) -> str:
        """All values, separated by spaces."""
        return decode_text(bytes(self._value))


async def read_file_form(
    request: Request, services: Services, names: Sequence[str]
) -> tuple[dict[str, str], UploadedFile]:
    """Read a form with a file and text fields; fields of other names are ignored.

    Returns:
        The texts of the fields that are not empty, one that comes several times separated by
        spaces, and the file.

    Raises:
        BadRequestError: it is no form, or has no file.
        StorageError: the upload cannot be written.
        PayloadTooLargeError: it is too large.
    """
    if not is_multipart(request):
        raise BadRequestError("Send a multipart form with a part named file")
    owner = owner_of(body_of(request).caller)
    file = _UploadSink(services.workdir.new_file(".upload"), services.uploads.room, owner)
    fields = {name: _ListSink() for name in names}
    try:
        await _parse(request, {**fields, "file": file})
        if not file.begun:
            raise BadRequestError("The form has no part named file")
        if not file.complete:
            raise BadRequestError("The upload is cut off")
        texts = {name: text for name, field in fields.items() if (text := field.text.strip())}
        return texts, file.upload()
    except BaseException:
        file.discard()
        raise
    finally:
        file.give_room_back()


def _body_of(fields: Mapping[str, _FieldSink]) -> tuple[SubtitleBody, tuple[Notice, ...]]:
    """Validate the fields of a form; the language that they name helps to read the captions."""
    texts = {name: field.text for name, field in fields.items() if field.value}
    if not texts.pop("captions", ""):
        return _validated(texts), ()
    language = _validated(texts).caption_language()
    captions = fields["captions"].read_as_file(language)
    return _validated({**texts, "captions": captions.text}), captions.notices


async def _parse(request: Request, sinks: Mapping[str, PartSink]) -> None:
    form = MultipartForm(request.headers.get("content-type", ""), sinks)
    pending = bytearray()
    try:
        async for piece in request.stream():
            pending += piece
            if len(pending) >= _BLOCK_BYTES:
                await DISK.run(form.write, bytes(pending))
                pending.clear()
        await DISK.run(form.write, bytes(pending))
    except ClientDisconnect:
        raise JobCancelledError("The client left during the upload") from None
    except OSError:
        raise StorageError("The upload cannot be stored: the disk is full") from None
