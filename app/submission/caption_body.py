"""Captions in a request's body, in the shapes that clients have them in."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from app.domain.errors import InvalidCaptionsError
from app.domain.language import Language
from app.domain.request import SentCaptions, UploadedFile
from app.services.captions.bounded_decoding import decode_bounded
from app.services.captions.decoded_file import DecodedFile
from app.services.captions.foreign_formats import foreign_format
from app.services.captions.parse import MAX_MB, SNIFF_LENGTH, is_caption_file
from app.services.captions.raw_captions import CAPTIONS_AT_MOST
from app.services.captions.readers.caption_json import write_cue_list
from app.services.captions.readers.timestamps import LATEST_MS
from app.submission.request_fields import caption_language
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

_SURROGATES = re.compile("[\ud800-\udfff]")
"""Halves of characters, which JSON can write and UTF-8 cannot."""


class SentCue(BaseModel):
    """One cue of a list, as the extension has them."""

    model_config = ConfigDict(extra="ignore")

    start: float = Field(ge=0, le=LATEST_MS)
    end: float = Field(ge=0, le=LATEST_MS)
    text: str
    speaker: str | None = None
    placement: dict[str, Any] | None = None
    styled_text: list[dict[str, Any]] | None = None


class SentFile(BaseModel):
    """A caption file's text, with its language where the client knows it."""

    model_config = ConfigDict(extra="ignore")

    text: str
    language: str | None = None
    automatic: bool | None = False


def _tag(value: object) -> str:
    if isinstance(value, str):
        return "text"
    return "cues" if isinstance(value, list) else "file"


_CUE_SCHEMA = {
    "type": "object",
    "required": ["start", "end", "text"],
    "properties": {
        "start": {"type": "number", "minimum": 0, "maximum": LATEST_MS},
        "end": {"type": "number", "minimum": 0, "maximum": LATEST_MS},
        "text": {"type": "string"},
        "speaker": {"type": ["string", "null"]},
    },
}
_FILE_SCHEMA = {
    "type": "object",
    "required": ["text"],
    "properties": {
        "text": {"type": "string"},
        "language": {"type": ["string", "null"]},
        "automatic": {"type": ["boolean", "null"]},
    },
}
_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        _FILE_SCHEMA,
        {"type": "array", "items": _CUE_SCHEMA, "maxItems": CAPTIONS_AT_MOST},
        {"type": "null"},
    ]
}
"""Written out, since a multipart schema is embedded where references would lead nowhere."""

_Cues = Annotated[list[SentCue], Field(max_length=CAPTIONS_AT_MOST, fail_fast=True)]
"""The first wrong cue ends the check: an error for each would take more memory than the body."""
SentCaptionsField = Annotated[
    Annotated[str, Tag("text")] | Annotated[SentFile, Tag("file")] | Annotated[_Cues, Tag("cues")],
    Discriminator(_tag),
]
"""A caption file's text, that with its language, or a list of cues in milliseconds."""

OptionalCaptions = Annotated[SentCaptionsField | None, WithJsonSchema(_SCHEMA)]


def sent_captions(
    field: str | SentFile | list[SentCue], language: str | None, spoken: Language | None
) -> SentCaptions:
    """Return sent captions as the source of a job.

    Args:
        field: as the body has them.
        language: theirs by the body; one that a `SentFile` names overrides it.
        spoken: language of the video; theirs where none is named.

    Raises:
        InvalidFieldError: not a language.
    """
    own_language = field.language if isinstance(field, SentFile) else None
    tag = caption_language(own_language or language) or (spoken.tag if spoken else None)
    if isinstance(field, list):
        cues = [cue.model_dump(exclude_none=True) for cue in field]
        return SentCaptions(_without_surrogates(write_cue_list(cues)), tag)
    if isinstance(field, SentFile):
        return SentCaptions(_without_surrogates(field.text), tag, bool(field.automatic))
    return SentCaptions(_without_surrogates(field), tag)


async def uploaded_captions(upload: UploadedFile, language: Language | None) -> DecodedFile | None:
    """Return the text of an upload that is a caption file, or None where it is media.

    Args:
        upload: media or captions.
        language: of the captions, which decides between encodings; None where it is unknown.

    Raises:
        InvalidCaptionsError: it is a caption file, and empty, far too large for one, or in a
            format that is not read.
        StorageError: the disk cannot be read.
        TooMuchWorkError: guessing its encoding takes more memory or time than it may.
    """
    data = await DISK.run(_caption_bytes, upload)
    if data is None:
        return None
    decoded = await decode_bounded(data, language)
    if not decoded.text.strip("\ufeff\0 \t\r\n"):
        raise InvalidCaptionsError("The caption file is empty")
    return decoded


def _caption_bytes(upload: UploadedFile) -> bytes | None:
    with storage_errors(), upload.path.open("rb") as file:
        head = file.read(SNIFF_LENGTH)
        if not is_caption_file(upload.name, head, upload.media_type):
            return None
        file.seek(0)
        data = file.read(MAX_MB * 2**20 + 1)
    if foreign := foreign_format(upload.name, head):
        raise InvalidCaptionsError(f"Captions in this format are not read: {foreign}")
    if len(data) > MAX_MB * 2**20:
        raise InvalidCaptionsError(f"A caption file may have {MAX_MB} MiB at most")
    return data


def _without_surrogates(text: str) -> str:
    with suppress(UnicodeEncodeError):  # ten times as fast as a search
        text.encode("utf-8")
        return text
    return _SURROGATES.sub("\ufffd", text)
