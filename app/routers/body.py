"""The body of `/api/process`, `/api/stream`: JSON, a form, or a multipart upload.

Every other body is a pydantic model in its route's signature. This one may hold gigabytes, which
are written to disk as they arrive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from app.container import Services
from app.domain.errors import (
    BadRequestError,
    InvalidFieldError,
    JobCancelledError,
    NamedFieldError,
    RepeatedFieldError,
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
from app.services.captions.bounded_decoding import decode_bounded
from app.services.captions.decoded_file import DecodedFile
from app.services.captions.encoding import decode_text
from app.services.uploads.upload_room import UploadRoom, owner_of
from app.submission.envelopes.envelope import Envelope
from app.submission.envelopes.envelope_table import SUBTITLES, envelope_of
from app.submission.subtitle_body import SubtitleBody
from app.system.thread_groups import DISK

_FIELDS = tuple(SubtitleBody.model_fields)
_LISTS = frozenset({"formats", "allowed_languages", "glossary"})
"""Fields that a form may have several times; what they say is put together."""

_MAX_FIELD_BYTES = 100_000
_MAX_CAPTIONS_BYTES = 10 * 2**20

_PLAIN_FORM = "application/x-www-form-urlencoded"
_MAX_PAIRS = 64
_KEPT = "surrogateescape"
"""How bytes that are no UTF-8 pass through a text: captions may be in another encoding."""

_BLOCK_BYTES = 2**16
"""Bytes that are parsed at a time: a form may come in pieces of a byte."""


class _UploadSink:
    """Writes the file part to disk and hashes it on its way; it takes room meanwhile."""

    repeats = False
    kept_bytes = 0

    def __init__(self, path: Path, room: UploadRoom, owner: str) -> None:
        self._path = path
        self._room = room
        self._owner = owner
        self._size = 0
        self._file = path.open("wb")
        self._digest = hashlib.sha256()
        self._name = self._media_type = ""
        self.begun = False
        self.seen = False
        self.complete = False

    def begin(self, file_name: str | None, media_type: str) -> None:
        self.begun = file_name is not None
        self.seen = True
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


class TextField:
    """A text field, with a limit for all its values together."""

    def __init__(self, max_bytes: int = _MAX_FIELD_BYTES, *, repeats: bool = False) -> None:
        self._free_bytes = max_bytes
        self._values: list[bytearray] = []
        self.repeats = repeats
        self.kept_bytes = 0

    def begin(self, file_name: str | None, media_type: str) -> None:
        """Begin a value."""
        del file_name, media_type
        self._values.append(bytearray())

    def write(self, data: bytes) -> None:
        """Take bytes of it."""
        self._free_bytes -= len(data)
        if self._free_bytes < 0:
            raise InvalidFieldError("A form field is too long")
        self._values[-1] += data
        self.kept_bytes += len(data)

    def finish(self) -> None:
        """Do nothing: the next value begins with `begin`."""

    @property
    def texts(self) -> list[str]:
        """The values that are not empty, in order."""
        return [decode_text(bytes(value)) for value in self._values if value]

    @property
    def value(self) -> str | list[str]:
        """The text; several where there are several."""
        return self.texts if len(self.texts) > 1 else "".join(self.texts)

    async def read_as_file(self, language: Language | None) -> DecodedFile:
        """Return the text of a field that was sent as a file, which may be in any encoding."""
        return await decode_bounded(b"".join(self._values), language)


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
    body = JsonRequest.of(request)
    if _is_plain_form(request) and not _looks_like_json(await body.body()):
        return await _read_plain_form(await body.body())
    fields = await _read_json(body)
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

CAPTIONS_EXAMPLE = {
    "captions": "1\n00:00:01,000 --> 00:00:03,500\nWhere do you want to go?\n",
    "captions_lang": "en",
    "target_lang": "es",
    "formats": ["srt", "vtt"],
}
"""A body that works as it stands, on every server that translates."""

_DEFINITION = "#/$defs/"


def written_out(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Return a schema with its definitions in the places that refer to them."""
    if isinstance(schema, list):
        return [written_out(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if (target := str(schema.get("$ref", ""))).startswith(_DEFINITION):
        found = written_out(definitions[target.removeprefix(_DEFINITION)], definitions)
        return {**found, **{name: value for name, value in schema.items() if name != "$ref"}}
    return {
        name: written_out(value, definitions) for name, value in schema.items() if name != "$defs"
    }


_FULL_SCHEMA = SubtitleBody.model_json_schema()
_SCHEMA = written_out(_FULL_SCHEMA, _FULL_SCHEMA.get("$defs", {}))
SUBMISSION_OPENAPI = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": _SCHEMA,
                "examples": {
                    "captions": {"summary": "Captions to translate", "value": CAPTIONS_EXAMPLE},
                    "address": {
                        "summary": "A media file that a server has",
                        "value": {"url": "https://example.com/talk.mp4", "formats": ["srt"]},
                    },
                },
            },
            "multipart/form-data": {
                "schema": {
                    **_SCHEMA,
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        **_SCHEMA["properties"],
                    },
                },
                "example": {"file": "talk.srt", "target_lang": "es", "formats": "srt,vtt"},
            },
        },
    }
}
"""Both forms for OpenAPI, since FastAPI does not see what `SubmissionDep` reads."""


def _is_plain_form(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith(_PLAIN_FORM)


def _looks_like_json(text: bytes) -> bool:
    """Whether what says that it is a form is JSON, as curl says unasked."""
    return text.lstrip()[:1] in (b"{", b"[", b"")


async def _read_plain_form(text: bytes) -> Submission:
    fields = _field_sinks()
    await DISK.run(_fill, fields, text)
    form, notices = await _body_of(fields)
    return Submission(form, notices=notices)


def _fill(fields: Mapping[str, TextField], text: bytes) -> None:
    whole = text.decode("utf-8", _KEPT)
    try:
        pairs = parse_qsl(whole, keep_blank_values=True, max_num_fields=_MAX_PAIRS, errors=_KEPT)
    except ValueError:
        raise InvalidFieldError(f"A form may have {_MAX_PAIRS} fields at most") from None
    seen: set[str] = set()
    for given, value in pairs:
        listed = given.removesuffix("[]")
        field = fields.get(listed if listed in _LISTS else given)
        if field is None:
            continue
        if given in seen and not field.repeats:
            raise RepeatedFieldError(given)
        seen.add(given)
        field.begin(None, "")
        field.write(value.encode("utf-8", _KEPT))


def _field_sinks() -> dict[str, TextField]:
    fields = {name: TextField(repeats=name in _LISTS) for name in _FIELDS}
    return fields | {"captions": TextField(_MAX_CAPTIONS_BYTES)}


async def _read_json(request: JsonRequest) -> object:
    try:
        return await request.json()
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
    fields = _field_sinks()
    try:
        await parse_form(request, {**fields, "file": file})
        body, notices = await _body_of(fields)
        if not file.begun:
            if not body.captions:
                raise BadRequestError(
                    "The form has no part named file; url, video_id and upload_id are sent as JSON"
                )
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


async def read_files_form(
    request: Request, services: Services, names: Sequence[str], files: Sequence[str]
) -> tuple[dict[str, str], dict[str, UploadedFile]]:
    """Read a form with several files and text fields; parts of other names are ignored.

    Args:
        request: with the form.
        services: of the process.
        names: of the text fields.
        files: names of the parts that are files, whether they have a file name or not.

    Returns:
        The texts of the fields that are not empty, and the files by name; the caller removes them.

    Raises:
        BadRequestError: a part comes twice, or a file is cut off.
        StorageError: an upload cannot be written.
        PayloadTooLargeError: it is too large.
    """
    owner = owner_of(body_of(request).caller)
    room = services.uploads.room
    sinks = {name: _UploadSink(services.workdir.new_file(".upload"), room, owner) for name in files}
    fields = {name: TextField() for name in names if name not in sinks}
    try:
        await parse_form(request, {**fields, **sinks})
        if any(sink.seen and not sink.complete for sink in sinks.values()):
            raise BadRequestError("The upload is cut off")
        texts = {name: " ".join(field.texts).strip() for name, field in fields.items()}
        found = {name: sink.upload() for name, sink in sinks.items() if sink.seen}
        for name, sink in sinks.items():
            if name not in found:
                sink.discard()
        return {name: text for name, text in texts.items() if text}, found
    except BaseException:
        for sink in sinks.values():
            sink.discard()
        raise
    finally:
        for sink in sinks.values():
            sink.give_room_back()


async def read_file_fields(
    request: Request,
    services: Services,
    names: Sequence[str],
    lists: Sequence[str] = (),
    large: Mapping[str, int] = MappingProxyType({}),
) -> tuple[dict[str, list[str]], UploadedFile]:
    """Read a form with a file and text fields; fields of other names are ignored.

    Args:
        request: with the form.
        services: of the process.
        names: of the fields.
        lists: names of those that may come several times, with brackets behind them or without.
        large: limits of those that may be longer than usual, in bytes.

    Returns:
        The texts of the fields that are not empty, and the file.

    Raises:
        BadRequestError: it is no form, has no file, or a field twice that is no list.
        StorageError: the upload cannot be written.
        PayloadTooLargeError: it is too large.
    """
    if not is_multipart(request):
        raise BadRequestError("Send a multipart form with a part named file")
    owner = owner_of(body_of(request).caller)
    file = _UploadSink(services.workdir.new_file(".upload"), services.uploads.room, owner)
    fields = {
        name: TextField(large.get(name, _MAX_FIELD_BYTES), repeats=name in lists)
        for name in (*names, *lists)
    }
    try:
        await parse_form(request, {**fields, "file": file})
        if not file.begun:
            raise NamedFieldError("file", "the form has no part named file")
        if not file.complete:
            raise BadRequestError("The upload is cut off")
        stripped = {name: [t.strip() for t in field.texts] for name, field in fields.items()}
        texts = {name: [text for text in found if text] for name, found in stripped.items()}
        return {name: found for name, found in texts.items() if found}, file.upload()
    except BaseException:
        file.discard()
        raise
    finally:
        file.give_room_back()


async def _body_of(fields: Mapping[str, TextField]) -> tuple[SubtitleBody, tuple[Notice, ...]]:
    """Validate the fields of a form; the language that they name helps to read the captions."""
    others = {name: field for name, field in fields.items() if name != "captions"}
    texts = {name: field.value for name, field in others.items() if field.texts}
    body = await DISK.run(_validated, texts)
    if not fields["captions"].kept_bytes:
        return body, ()
    captions = await fields["captions"].read_as_file(body.caption_language())
    whole = {**texts, "captions": captions.text}
    return await DISK.run(_validated, whole), captions.notices


async def parse_form(request: Request, sinks: Mapping[str, PartSink]) -> None:
    """Read a form into sinks.

    Raises:
        BadRequestError: it cannot be understood.
        JobCancelledError: the client left.
        StorageError: the disk is full.
        OverloadedError: the memory for bodies is used up.
    """
    form = MultipartForm(request.headers.get("content-type", ""), sinks)
    pending = bytearray()
    kept = 0

    async def write() -> None:
        nonlocal kept
        await DISK.run(form.write, bytes(pending))
        pending.clear()
        before, kept = kept, sum(sink.kept_bytes for sink in sinks.values())
        body_of(request).keep(kept - before)

    try:
        async for piece in request.stream():
            pending += piece
            if len(pending) >= _BLOCK_BYTES:
                await write()
        await write()
    except ClientDisconnect:
        raise JobCancelledError("The client left during the upload") from None
    except OSError:
        raise StorageError("The upload cannot be stored: the disk is full") from None
