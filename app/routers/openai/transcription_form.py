"""Bodies of transcriptions: a multipart form, or JSON with the sound as Base64.

The JSON is OpenRouter's: ``{"model", "input_audio": {"data", "format"}}`` with the form's fields
beside it. Open WebUI and Subtitle Edit send it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from fastapi import Request

from app.container import Services
from app.domain.errors import (
    BadRequestError,
    NamedFieldError,
    PayloadTooLargeError,
)
from app.domain.json_text import read_json
from app.domain.request import UploadedFile
from app.routers.edge.request_body import body_of, is_multipart
from app.routers.form_reader import read_file_fields, receive_blocks, received_files
from app.routers.openai.spoken_json import FIELD, SOUND, SpokenJson
from app.submission.known_voices import REFERENCES
from app.submission.openai_request import LIST_FIELDS, OTHER_SOURCES, SINGLE_FIELDS
from app.submission.speech_timestamps import TIMESTAMP_FIELDS
from app.system.thread_groups import DISK, DOCUMENTS
from app.system.workdir import storage_errors

_LARGE = {REFERENCES: 16 * 2**20}
_ENDING = re.compile(r"[A-Za-z0-9]{1,10}")
_MAX_VALUES = 64
_SINGLE_FIELDS = (*SINGLE_FIELDS, *TIMESTAMP_FIELDS)
"""Of every route that takes a file of sound; each of them reads its own."""

FormFields = dict[str, list[str]]


async def read_transcription_form(
    request: Request, services: Services
) -> tuple[FormFields, UploadedFile]:
    """Read the body of a request.

    Returns:
        Texts by name without brackets, and the file; who gets it removes it.

    Raises:
        BadRequestError: it cannot be read, or has no sound.
        PayloadTooLargeError: it is too large.
    """
    if is_multipart(request):
        names = (*_SINGLE_FIELDS, *OTHER_SOURCES)
        fields, file = await read_file_fields(request, services, names, LIST_FIELDS, _LARGE)
        return {name: _elements(name, texts) for name, texts in fields.items()}, file
    return await _read_json(request, services)


def _elements(name: str, texts: list[str]) -> list[str]:
    """Return the elements of a field; some clients write a whole list as JSON."""
    if name not in LIST_FIELDS or len(texts) != 1 or not texts[0].startswith("["):
        return texts
    try:
        listed = read_json(texts[0].encode())
    except (ValueError, RecursionError):
        return texts
    return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else texts


async def _read_json(request: Request, services: Services) -> tuple[FormFields, UploadedFile]:
    with received_files(request, services, [SOUND]) as sinks:
        sink = sinks[SOUND]
        sink.begin("", "")
        body = SpokenJson(_limited(sink.write, services.settings.max_upload_bytes))
        await _receive_json(request, body, services.settings.server.max_json_mb)
        fields, ending = await DOCUMENTS.run(_checked, body)
        sink.finish()
        return fields, replace(sink.upload(), name=f"audio.{ending}")


def _limited(write: Callable[[bytes], None], most_bytes: int) -> Callable[[bytes], None]:
    """Return a function that hands bytes on, and refuses those beyond a limit."""
    count = 0

    def write_next(data: bytes) -> None:
        nonlocal count
        count += len(data)
        if count > most_bytes:
            raise PayloadTooLargeError(most_bytes // 2**20)
        write(data)

    return write_next


async def _receive_json(request: Request, body: SpokenJson, most_mb: int) -> None:
    """Receive a body.

    Raises:
        BadRequestError: it is empty, or cannot be read.
        PayloadTooLargeError: it is too large beside its sound.
        StorageError: the disk is full.
        JobCancelledError: the client left.
    """
    count = 0

    async def write(block: bytes) -> None:
        nonlocal count
        kept, count = body.kept_bytes, count + len(block)
        with storage_errors():
            await DISK.run(body.write, block)
        if body.kept_bytes > most_mb * 2**20:
            raise PayloadTooLargeError(most_mb, "The JSON beside the sound is")
        body_of(request).keep(body.kept_bytes - kept)

    await receive_blocks(request, write)
    if not count:
        raise NamedFieldError("file", "send a multipart form with a part named file")


def _checked(body: SpokenJson) -> tuple[FormFields, str]:
    """Return the fields beside the sound, and the ending of its name."""
    try:
        value = body.value()
    except (ValueError, RecursionError):
        raise BadRequestError("Send a multipart form, or JSON with input_audio") from None
    if not isinstance(value, dict):
        raise BadRequestError("The request body must be a JSON object")
    sound = value.get(SOUND)
    if not isinstance(sound, dict):
        raise NamedFieldError(SOUND, "an object with data and format")
    if not body.has_sound:
        raise NamedFieldError(FIELD, "the sound as Base64")
    ending = sound.get("format")
    if ending is not None and (not isinstance(ending, str) or not _ENDING.fullmatch(ending)):
        raise NamedFieldError(f"{SOUND}.format", "letters and digits alone, such as wav")
    return _json_fields(value), (ending or "wav").lower()


def _json_fields(body: Mapping[str, Any]) -> FormFields:
    """Return the fields of JSON as those of a form; unknown ones and null are ignored."""
    fields: FormFields = {}
    for key, value in body.items():
        name = key.removesuffix("[]")
        if name in LIST_FIELDS:
            values = value if isinstance(value, list) else [value]
            texts = [_text(name, each) for each in values[:_MAX_VALUES] if each is not None]
        elif key in _SINGLE_FIELDS or key in OTHER_SOURCES:
            texts = [] if value is None else [_text(name, value)]
        else:
            continue
        if kept := [text for text in texts if text]:
            fields[name] = kept
    return fields


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value).strip()
    if isinstance(value, dict) and name == "chunking_strategy":
        return json.dumps(value)
    raise NamedFieldError(name, "a text, a number, or true or false")
