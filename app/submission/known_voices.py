"""Speakers whose voices come along with a recording, as data URLs."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.domain.errors import NamedFieldError

NAMES = "known_speaker_names"
REFERENCES = "known_speaker_references"

_MAX_VOICES = 4
"""Source: OpenAI's reference of ``transcriptions.create``."""
_MAX_NAME_CHARS = 100
_MAX_REFERENCE_CHARS = 4 * 2**20
_HEAD = re.compile(r"data:[^,]{0,200},")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class KnownVoice:
    """A speaker whose voice is known.

    Attributes:
        name: that answers call the speaker by.
        sound: a few seconds of speech, as a file of any format.
    """

    name: str
    sound: bytes = field(repr=False)


def known_voices(names: Sequence[str], references: Sequence[str]) -> tuple[KnownVoice, ...]:
    """Return the known speakers of a request.

    Args:
        names: of the speakers.
        references: a data URL for each.

    Raises:
        NamedFieldError: they do not belong together, or one cannot be read.
    """
    if len(names) != len(references):
        raise NamedFieldError(REFERENCES, f"one for each of {NAMES}")
    if len(names) > _MAX_VOICES:
        raise NamedFieldError(NAMES, f"{_MAX_VOICES} at most")
    if len(set(names)) < len(names):
        raise NamedFieldError(NAMES, "each name once")
    if any(len(name) > _MAX_NAME_CHARS for name in names):
        raise NamedFieldError(NAMES, f"{_MAX_NAME_CHARS} characters at most")
    return tuple(
        KnownVoice(name, _sound(text)) for name, text in zip(names, references, strict=True)
    )


def _sound(text: str) -> bytes:
    head = _HEAD.match(text)
    if head is None or len(text) > _MAX_REFERENCE_CHARS:
        raise NamedFieldError(REFERENCES, "data URLs of sound, 3 MiB at most")
    try:
        data = base64.b64decode(_SPACES.sub("", text[head.end() :]), validate=True)
    except (binascii.Error, ValueError):
        raise NamedFieldError(REFERENCES, "no Base64") from None
    if not data:
        raise NamedFieldError(REFERENCES, "no bytes")
    return data
