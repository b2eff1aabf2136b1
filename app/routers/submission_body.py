"""The body of `/api/process`, `/api/stream`: JSON, a form, or a multipart upload.

Every other body is a pydantic model in its route's signature. This one may hold gigabytes, which
are written to disk as they arrive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from app.container import Services
from app.domain.errors import BadRequestError, InvalidFieldError, RepeatedFieldError
from app.domain.events import Notice
from app.domain.request import UploadedFile
from app.routers.dependencies import services_of
from app.routers.edge.json_request import JsonRequest
from app.routers.edge.request_body import is_multipart
from app.routers.error_responses import INVALID_JSON
from app.routers.form_parts import TextField
from app.routers.form_reader import parse_form, received_files
from app.routers.queue_dependencies import refuse_nested_route
from app.routers.request_validation import validated_body
from app.submission.envelopes.envelope import Envelope
from app.submission.envelopes.envelope_table import SUBTITLES, envelope_of
from app.submission.subtitle_body import SubtitleBody
from app.system.thread_groups import DOCUMENTS

_FIELDS = tuple(SubtitleBody.model_fields)

_LISTS = frozenset({"formats", "allowed_languages", "glossary"})
"""Fields that a form may have several times; what they say is put together."""

_MAX_CAPTIONS_BYTES = 10 * 2**20
_PLAIN_FORM = "application/x-www-form-urlencoded"
_MAX_PAIRS = 64

_KEPT = "surrogateescape"
"""How bytes that are no UTF-8 pass through a text: captions may be in another encoding."""


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


def _is_plain_form(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith(_PLAIN_FORM)


def _looks_like_json(text: bytes) -> bool:
    """Whether what says that it is a form is JSON, as curl says unasked."""
    return text.lstrip()[:1] in (b"{", b"[", b"")


async def _read_plain_form(text: bytes) -> Submission:
    fields = _field_sinks()
    await DOCUMENTS.run(_fill, fields, text)
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
    fields = {name: TextField(repeats=name in _LISTS, name=name) for name in _FIELDS}
    return fields | {"captions": TextField(_MAX_CAPTIONS_BYTES)}


async def _read_json(request: JsonRequest) -> object:
    try:
        return await request.json()
    except ValueError:
        raise BadRequestError(INVALID_JSON) from None


def _validated(fields: object) -> SubtitleBody:
    return validated_body(SubtitleBody, fields)


async def _read_upload(request: Request, services: Services) -> Submission:
    fields = _field_sinks()
    with received_files(request, services, ["file"]) as sinks:
        file = sinks["file"]
        await parse_form(request, {**fields, **sinks})
        body, notices = await _body_of(fields)
        if not file.is_sent:
            if not body.captions:
                raise BadRequestError(
                    "The form has no part named file; url, video_id and upload_id are sent as JSON"
                )
            file.discard()
            return Submission(body, notices=notices)
        if not file.complete:
            raise BadRequestError("The upload is cut off")
        return Submission(body, file.upload())


async def _body_of(fields: Mapping[str, TextField]) -> tuple[SubtitleBody, tuple[Notice, ...]]:
    """Validate the fields of a form; the language that they name helps to read the captions."""
    others = {name: field for name, field in fields.items() if name != "captions"}
    texts = {name: field.value for name, field in others.items() if field.texts}
    body = await DOCUMENTS.run(_validated, texts)
    if not fields["captions"].kept_bytes:
        return body, ()
    captions = await fields["captions"].read_as_file(body.caption_language())
    whole = {**texts, "captions": captions.text}
    return await DOCUMENTS.run(_validated, whole), captions.notices
