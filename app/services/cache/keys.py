"""Keys of cache entries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

Part = str | int | float | bool | None | Sequence["Part"] | Mapping[str, "Part"]
"""A part of a key: any JSON value."""

KEY_CHARS = 40
"""Hexadecimal digits of a key: 160 bits, so that collisions need not be considered."""


def stage_key(*parts: Part) -> str:
    """Return the key of a sequence of parts.

    Equal parts in the same order have the same key, any others have another one: the parts are
    hashed as canonical JSON, so their borders and types count. A tuple is a list.

    Returns:
        `KEY_CHARS` hexadecimal digits.

    Raises:
        TypeError: a mapping's key is no string, which JSON could not distinguish from a string.
        ValueError: a number is not finite.
    """
    for part in parts:
        _check(part)
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=KEY_CHARS // 2).hexdigest()


def _check(part: Part) -> None:
    if isinstance(part, Mapping):
        for name, value in part.items():
            if not isinstance(name, str):
                raise TypeError(f"an address names its parts with strings, not {name!r}")
            _check(value)
    elif isinstance(part, Sequence) and not isinstance(part, str):
        for inner in part:
            _check(inner)
