"""The body of an operation on subtitle files: JSON, or a form with files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from fastapi import Request
from pydantic import BaseModel

from app.domain.errors import BadRequestError, InvalidCaptionsError
from app.domain.events import Notice
from app.domain.language import Language, known_language
from app.domain.request import UploadedFile
from app.routers.dependencies import services_of
from app.routers.edge.json_request import JsonRequest
from app.routers.edge.request_body import body_of, is_multipart
from app.routers.error_responses import INVALID_JSON
from app.routers.form_reader import read_files_form
from app.routers.request_validation import validated_body
from app.routers.submission_schema import written_out
from app.services.captions.bounded_decoding import decode_bounded
from app.services.captions.foreign_formats import foreign_format
from app.services.captions.parse import MAX_MB
from app.submission.request_fields import caption_language
from app.system.thread_groups import DISK, DOCUMENTS
from app.system.workdir import storage_errors

Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class CaptionPart:
    """A part of a form that is a subtitle file.

    Attributes:
        name: of the part, and of the body's field.
        language: name of the field with its language.
        aliases: other names of the part.
    """

    name: str
    language: str
    aliases: tuple[str, ...] = ()


CAPTIONS_PART = CaptionPart("captions", "language")


@dataclass(frozen=True, slots=True)
class OperationRequest(Generic[Body]):
    """A validated body with what came beside it.

    Attributes:
        media: a file of media that came along; whoever reads this removes it.
        notices: how subtitle files were read from their bytes, where that was not certain.
    """

    body: Body
    media: UploadedFile | None = None
    notices: tuple[Notice, ...] = field(default=())


async def read_operation(
    request: Request,
    model: type[Body],
    captions: Sequence[CaptionPart] = (CAPTIONS_PART,),
    media: str | None = None,
) -> OperationRequest[Body]:
    """Read the body of an operation.

    Args:
        request: with JSON or a form.
        model: of the fields.
        captions: parts of a form that are subtitle files.
        media: name of the part that is media; None where there is none.

    Raises:
        BadRequestError: it cannot be understood.
        RequestValidationError: a field is wrong.
        InvalidCaptionsError: a subtitle file is too large for one.
        OverloadedError: the memory for bodies is used up.
    """
    if not is_multipart(request):
        try:
            return OperationRequest(_validated(model, await JsonRequest.of(request).json()))
        except ValueError:
            raise BadRequestError(INVALID_JSON) from None
    parts = {name: part for part in captions for name in (part.name, *part.aliases)}
    names = _field_names(model)
    files = [*parts, *([media] if media else [])]
    texts, uploads = await read_files_form(request, services_of(request), names, files)
    try:
        sizes = (uploads[name].path.stat().st_size for name in parts if name in uploads)
        body_of(request).keep(sum(min(size, MAX_MB * 2**20) for size in sizes))
        return await _with_files(model, parts, media, texts, uploads)
    except BaseException:
        for upload in uploads.values():
            upload.path.unlink(missing_ok=True)
        raise


def _field_names(model: type[BaseModel]) -> list[str]:
    """Return the names of a model's fields with their aliases."""
    names = list(model.model_fields)
    for each in model.model_fields.values():
        choices = getattr(each.validation_alias, "choices", ())
        names += [str(choice) for choice in choices]
    return list(dict.fromkeys(names))


async def _with_files(
    model: type[Body],
    parts: Mapping[str, CaptionPart],
    media: str | None,
    texts: dict[str, str],
    uploads: Mapping[str, UploadedFile],
) -> OperationRequest[Body]:
    """Validate a form's fields with the texts of its subtitle files."""
    notices: list[Notice] = []
    for name, part in parts.items():
        if name not in uploads:
            continue
        language = _language(texts.get(part.language) or texts.get(f"{part.name}_lang"))
        data = await DISK.run(_read, uploads[name])
        uploads[name].path.unlink(missing_ok=True)
        if data.strip():
            decoded = await decode_bounded(data, language)
            texts[part.name] = decoded.text
            notices += decoded.notices
    body = await DOCUMENTS.run(_validated, model, texts)
    file = uploads.get(media) if media else None
    return OperationRequest(body, file, tuple(notices))


def _language(text: str | None) -> Language | None:
    tag = caption_language(text)
    return known_language(tag) if tag else None


def _read(upload: UploadedFile) -> bytes:
    """Return the bytes of a subtitle file."""
    with storage_errors(), upload.path.open("rb") as file:
        data = file.read(MAX_MB * 2**20 + 1)
    if len(data) > MAX_MB * 2**20:
        raise InvalidCaptionsError(f"A caption file may have {MAX_MB} MiB at most")
    if foreign := foreign_format(upload.name, data[:64]):
        raise InvalidCaptionsError(f"Captions in this format are not read: {foreign}")
    return data


def _validated(model: type[Body], fields: object) -> Body:
    with suppress(RecursionError):
        return validated_body(model, fields)
    raise BadRequestError("The request body is nested too deeply")


def operation_openapi(
    model: type[BaseModel], example: Mapping[str, Any], files: Mapping[str, str]
) -> dict[str, Any]:
    """Return both forms of a body for OpenAPI, which FastAPI does not see.

    Args:
        model: of the fields.
        example: that works as it stands.
        files: parts of a form that are files, each with the name of an example.
    """
    schema = model.model_json_schema()
    plain = written_out(schema, schema.get("$defs", {}))
    parts = {name: {"type": "string", "format": "binary"} for name in files}
    form = {**plain, "properties": {**plain["properties"], **parts}}
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": plain, "example": dict(example)},
                "multipart/form-data": {"schema": form, "example": dict(files)},
            },
        }
    }
