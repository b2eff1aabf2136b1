"""Translations that earlier jobs have made."""

from __future__ import annotations

import hashlib
import json
from typing import Protocol

from app.services.layout.width import text_width

_CLASSES_PER_WIDTH = 4
_MOST_CLASSES = 3 * _CLASSES_PER_WIDTH
"""Room is told apart in quarters of the source's width, and not at all from three widths on,
where no translation is pressed for room."""


class TranslationMemory(Protocol):
    """What one job remembers and finds: of one translator, target and glossary."""

    def get(self, key: str) -> str | None:
        """Return a translation that was made earlier."""
        ...

    def put(self, key: str, text: str) -> None:
        """Remember a translation."""
        ...

    async def save_if_due(self) -> None:
        """Write what is new, unless it was done a moment ago."""
        ...

    async def save(self) -> None:
        """Write what is new."""
        ...


def unit_key(text: str, language: str, previous: str, room: int) -> str:
    """Return the address of a unit's translation.

    Args:
        text: the source.
        language: its BCP 47 tag.
        previous: the unit before it, since a translation depends on what it goes on from.
        room: columns that can be read.
    """
    room_class = min(_MOST_CLASSES, _CLASSES_PER_WIDTH * room // max(1, text_width(text)))
    parts = json.dumps([text, language, previous, room_class])
    return hashlib.sha256(parts.encode()).hexdigest()
