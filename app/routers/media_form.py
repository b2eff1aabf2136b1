"""Bodies of media operations: JSON, or a form with uploads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, BinaryIO

from fastapi import Request

from app.container import Services
from app.domain.errors import BadRequestError, InvalidFieldError, quoted
from app.domain.json_text import field_value
from app.routers.dependencies import services_of
from app.routers.edge.json_request import JsonRequest
from app.routers.edge.request_body import body_of, is_multipart
from app.routers.error_responses import INVALID_JSON
from app.routers.form_parts import TextField
from app.routers.form_reader import parse_form
from app.routers.multipart import PartSink
from app.services.operations.operation import LocalMedia, MediaOperation
from app.services.uploads.upload_room import UploadRoom, owner_of
from app.submission.envelopes.named_media import is_upload

FILES = "files"
"""Part of a form that may come several times: files that fields name as ``upload:NAME``."""

_REFERENCE = "upload:"
_MAX_FIELD_BYTES = 10 * 2**20
_MOST_LEVELS = 20


class _Part:
    """A part that is a text or a file; files are written to disk as they arrive."""

    def __init__(self, services: Services, owner: str, *, repeats: bool = False) -> None:
        self._services = services
        self._owner = owner
        self._file: BinaryIO | None = None
        self._size = 0
        self.repeats = repeats
        self.text = TextField(_MAX_FIELD_BYTES)
        self.files: list[LocalMedia] = []
        self.open = False

    @property
    def _room(self) -> UploadRoom:
        return self._services.uploads.room

    @property
    def kept_bytes(self) -> int:
        """Bytes of its text."""
        return self.text.kept_bytes

    def begin(self, file_name: str | None, media_type: str) -> None:
        self.open = True
        if file_name is None:
            self.text.begin(file_name, media_type)
            return
        path = self._services.workdir.new_file(".upload")
        self.files.append(LocalMedia(path, file_name))
        self._file = path.open("wb")

    def write(self, data: bytes) -> None:
        if self._file is None:
            self.text.write(data)
            return
        self._room.pass_through(self._owner, len(data))
        self._size += len(data)
        self._file.write(data)

    def finish(self) -> None:
        self.open = False
        if self._file is not None:
            self._file.close()
            self._file = None

    def discard(self) -> None:
        """Remove the files and give their room back."""
        if self._file is not None:
            self._file.close()
        for file in self.files:
            with suppress(OSError):
                file.path.unlink(missing_ok=True)
        self._room.passed(self._owner, self._size)
        self._size = 0


async def read_media_fields(
    request: Request, operation: MediaOperation
) -> tuple[dict[str, object], Callable[[], None]]:
    """Return the fields of a body, and what removes its uploads once they are not needed.

    Raises:
        BadRequestError: it cannot be understood.
        InvalidFieldError: a field names an upload that did not come.
        StorageError: an upload cannot be written.
    """
    if not is_multipart(request):
        return await _json_fields(request), _nothing
    services, owner = services_of(request), owner_of(body_of(request).caller)
    parts = {name: _Part(services, owner) for name in part_names(operation)}
    parts[FILES] = _Part(services, owner, repeats=True)

    def discard() -> None:
        for part in parts.values():
            part.discard()

    try:
        sinks: dict[str, PartSink] = dict(parts)
        await parse_form(request, sinks)
        return _form_fields(operation, parts), discard
    except BaseException:
        discard()
        raise


def _nothing() -> None:
    """Remove nothing."""


def part_names(operation: MediaOperation) -> dict[str, str]:
    """Return the names of a form's parts with the fields that they give.

    A file for ``url_video`` may be named ``video``, and one for the first required field ``file``.
    """
    fields = operation.input.model_fields
    short = {name.removeprefix("url_"): name for name in fields}
    if operation.required:
        short = {"file": operation.required[0][0], **short}
    return {**short, **{name: name for name in fields}, "s3_config": "s3_config"}


async def _json_fields(request: Request) -> dict[str, object]:
    try:
        fields = await JsonRequest.of(request).json()
    except ValueError:
        raise BadRequestError(INVALID_JSON) from None
    if isinstance(fields, dict) and isinstance(fields.get("input"), dict):
        fields = fields["input"]
    if not isinstance(fields, dict):
        raise BadRequestError("The body must be an object")
    return fields


def _form_fields(operation: MediaOperation, parts: Mapping[str, _Part]) -> dict[str, object]:
    if any(part.open for part in parts.values()):
        raise BadRequestError("The upload is cut off")
    uploads = {file.name: file for part in parts.values() for file in part.files}
    fields: dict[str, object] = {}
    for name, field in part_names(operation).items():
        part = parts[name]
        if part.files:
            fields[field] = part.files[0]
        elif part.text.texts:
            fields[field] = _with_uploads(field_value(part.text.texts[0]), uploads)
    return fields


def _with_uploads(
    value: object, uploads: Mapping[str, LocalMedia], levels: int = _MOST_LEVELS
) -> Any:
    """Return a value with the uploads in the places that name them."""
    if isinstance(value, str) and value.startswith(_REFERENCE):
        name = value.removeprefix(_REFERENCE)
        if name not in uploads and is_upload(value):
            return value
        if name not in uploads:
            raise InvalidFieldError(f"No file of the form is named {quoted(name)}")
        return uploads[name]
    if levels and isinstance(value, list):
        return [_with_uploads(each, uploads, levels - 1) for each in value]
    if levels and isinstance(value, dict):
        return {name: _with_uploads(each, uploads, levels - 1) for name, each in value.items()}
    return value
