"""Bodies of transcriptions: a multipart form, or JSON with the sound as Base64.

The JSON is OpenRouter's: ``{"model", "input_audio": {"data", "format"}}`` with the form's fields
beside it. Open WebUI and Subtitle Edit send it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import Request

from app.container import Services
from app.domain.errors import BadRequestError, NamedFieldError
from app.domain.json_text import read_json
from app.domain.request import UploadedFile
from app.routers.edge.request_body import is_multipart
from app.routers.form_reader import read_file_fields
from app.submission.known_voices import REFERENCES
from app.submission.openai_request import LIST_FIELDS, OTHER_SOURCES, SINGLE_FIELDS
from app.submission.speech_timestamps import TIMESTAMP_FIELDS
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

_LARGE = {REFERENCES: 16 * 2**20}
_SOUND = "input_audio"
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
    whole = bytearray()
    async for piece in request.stream():
        whole += piece
    if not whole:
        raise NamedFieldError("file", "send a multipart form with a part named file")
    try:
        body = await DISK.run(read_json, bytes(whole))
    except (ValueError, RecursionError):
        raise BadRequestError("Send a multipart form, or JSON with input_audio") from None
    if not isinstance(body, dict):
        raise BadRequestError("The request body must be a JSON object")
    sound = body.get(_SOUND)
    if not isinstance(sound, dict):
        raise NamedFieldError(_SOUND, "an object with data and format")
    path = services.workdir.new_file(".upload")
    try:
        fields = _json_fields(body)
        return fields, await DISK.run(_written, sound, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _written(sound: Mapping[str, Any], path: Path) -> UploadedFile:
    data, ending = sound.get("data"), sound.get("format", "wav")
    if not isinstance(data, str) or not data:
        raise NamedFieldError(f"{_SOUND}.data", "the sound as Base64")
    if not isinstance(ending, str) or _ENDING.fullmatch(ending) is None:
        raise NamedFieldError(f"{_SOUND}.format", "letters and digits alone, such as wav")
    packed = data.partition(",")[2] if data.startswith("data:") else data
    try:
        decoded = base64.b64decode("".join(packed.split()), validate=True)
    except (binascii.Error, ValueError):
        raise NamedFieldError(f"{_SOUND}.data", "no Base64") from None
    with storage_errors():
        path.write_bytes(decoded)
    return UploadedFile(path, hashlib.sha256(decoded).hexdigest(), f"audio.{ending.lower()}")


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
