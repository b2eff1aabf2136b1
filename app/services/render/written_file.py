"""A subtitle file as it was written, with what could not be written into it."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from app.domain.events import Notice

NOT_WRITTEN = "captions_not_written"
RETIMED = "captions_retimed"
UNTIMED_WORDS = "words_not_timed"
PLACES_NAMED = 10
"""Times that a notice names; the count is always whole."""


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A subtitle file.

    Attributes:
        content: text, or the bytes of a binary format.
        notices: what the format could not carry.
    """

    content: str | bytes
    notices: tuple[Notice, ...] = ()

    @property
    def is_binary(self) -> bool:
        """Whether it is no text."""
        return isinstance(self.content, bytes)

    @property
    def data(self) -> bytes:
        """As bytes; text in UTF-8."""
        if isinstance(self.content, bytes):
            return self.content
        return self.content.encode("utf-8", "replace")

    @property
    def json_text(self) -> str:
        """As it stands in JSON: a binary file in base64. Source: RFC 4648, section 4."""
        if isinstance(self.content, bytes):
            return base64.b64encode(self.content).decode()
        return self.content
