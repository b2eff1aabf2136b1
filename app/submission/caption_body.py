"""Captions that a client sends, in the shapes that clients have them in."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from app.domain.errors import InvalidCaptionsError, InvalidFieldError, InvalidLanguageError
from app.domain.language import Language, parse_target
from app.domain.request import SentCaptions, UploadedFile
from app.services.captions.encoding import decode_text
from app.services.captions.parse import MAX_MB
from app.services.captions.raw_captions import CAPTIONS_AT_MOST
from app.services.captions.readers.cue_list import write_cue_list
from app.services.captions.readers.timestamps import LATEST_MS
from app.services.captions.sniff import LOOKED_AT, is_caption_file
from app.system.workdir import storage_errors

_HALVES = re.compile("[\ud800-\udfff]")
"""JSON can write half a character, and nothing else can."""


class SentCue(BaseModel):
    """One cue of a list, as the extension has them."""

    model_config = ConfigDict(extra="ignore")

    start: float = Field(ge=0, le=LATEST_MS)
    end: float = Field(ge=0, le=LATEST_MS)
    text: str
    speaker: str | None = None


class SentFile(BaseModel):
    """A file's text with what the client knows about it."""

    model_config = ConfigDict(extra="ignore")

    text: str
    language: str | None = None
    automatic: bool | None = False


def _shape(value: object) -> str:
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
"""Written out, since a route's schema is embedded where references would lead nowhere."""

_Cues = Annotated[list[SentCue], Field(max_length=CAPTIONS_AT_MOST)]
SentCaptionsField = Annotated[
    Annotated[str, Tag("text")] | Annotated[SentFile, Tag("file")] | Annotated[_Cues, Tag("cues")],
    Discriminator(_shape),
]
"""A caption file's text, that with its language, or a list of cues in milliseconds."""

OptionalCaptions = Annotated[SentCaptionsField | None, WithJsonSchema(_SCHEMA)]


def sent_captions(
    field: str | SentFile | list[SentCue], language: str | None, spoken: Language | None
) -> SentCaptions:
    """Return the source that a client's captions are.

    Args:
        field: as the body has them.
        language: what the body says of their language; counts less than what they say themselves.
        spoken: the language of the video, which is theirs where nobody says another.

    Raises:
        InvalidFieldError: not a language.
    """
    told = _language((field.language if isinstance(field, SentFile) else None) or language)
    tag = told or (spoken.tag if spoken else None)
    if isinstance(field, list):
        cues = [cue.model_dump(exclude_none=True) for cue in field]
        return SentCaptions(_whole(write_cue_list(cues)), tag)
    if isinstance(field, SentFile):
        return SentCaptions(_whole(field.text), tag, bool(field.automatic))
    return SentCaptions(_whole(field), tag)


def uploaded_captions(upload: UploadedFile) -> str | None:
    """Return the text of an upload that is a caption file, or None where it is media.

    Reads the disk.

    Raises:
        InvalidCaptionsError: it is a caption file, and far too large for one.
        StorageError: the disk cannot be read.
    """
    with storage_errors(), upload.path.open("rb") as file:
        if not is_caption_file(upload.name, file.read(LOOKED_AT)):
            return None
        file.seek(0)
        data = file.read(MAX_MB * 2**20 + 1)
    if len(data) > MAX_MB * 2**20:
        raise InvalidCaptionsError(f"A caption file may have {MAX_MB} MiB at most")
    return decode_text(data)


def _language(text: str | None) -> str | None:
    try:
        language = parse_target(text)
    except InvalidLanguageError:
        raise InvalidFieldError("Invalid language of the captions") from None
    return language.tag if language else None


def _whole(text: str) -> str:
    return _HALVES.sub("\ufffd", text)
