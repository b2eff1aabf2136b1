"""Translation memory: translations of earlier jobs."""

from __future__ import annotations

import hashlib
import json
from typing import Protocol

from app.services.layout.width import text_width

_CLASSES_PER_WIDTH = 4
_MOST_CLASSES = 3 * _CLASSES_PER_WIDTH
"""Readable columns are classed in quarters of the source's width, and no further from three widths
on, where the limit does not shorten a translation."""


class TranslationMemory(Protocol):
    """Stored translations of one translator, target and glossary."""

    def get(self, key: str) -> str | None:
        """Return the stored translation of a key; None for a miss."""
        ...

    def put(self, key: str, text: str) -> None:
        """Store a translation."""
        ...

    async def save_if_due(self) -> None:
        """Write new entries, unless that was done a moment ago."""
        ...

    async def save(self) -> None:
        """Write new entries."""
        ...


def unit_key(text: str, language: str, previous: str, room: int) -> str:
    """Return the key of a unit's translation.

    Args:
        text: the source.
        language: its BCP 47 tag.
        previous: text of the unit before it, on which a translation depends.
        room: columns that can be read in time.
    """
    room_class = min(_MOST_CLASSES, _CLASSES_PER_WIDTH * room // max(1, text_width(text)))
    parts = json.dumps([text, language, previous, room_class])
    return hashlib.sha256(parts.encode()).hexdigest()
