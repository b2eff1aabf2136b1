"""Texts and JSON values that PostgreSQL stores."""

from __future__ import annotations

import math
import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL, which PostgreSQL has in no text, and halves of characters, which UTF-8 has not."""


def storable(text: str) -> str:
    """Return a text that PostgreSQL stores: it has no character NUL, and no halves of others."""
    return _UNSTORABLE.sub("", text)


def storable_json(value: object) -> object:
    """Return a JSON value whose texts PostgreSQL stores, and whose numbers JSON can write."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {storable(str(key)): storable_json(item) for key, item in value.items()}
    return [storable_json(item) for item in value] if isinstance(value, list) else value
