"""Bidirectional text marks for players that assume left to right."""

from __future__ import annotations

import unicodedata

_EMBED, _POP = "\u202b", "\u202c"


def embed_right_to_left(line: str) -> str:
    """Mark a line of a right-to-left script (Arabic, Hebrew) by an explicit embedding.

    Without it a player that assumes left to right puts the full stop on the wrong side. Other
    lines come back as they are.

    Source: Unicode Standard Annex 9, section 2.1 (explicit directional embedding).
    """
    return f"{_EMBED}{line}{_POP}" if reads_right_to_left(line) else line


def reads_right_to_left(text: str) -> bool:
    """Whether a text's first letter belongs to a script written from right to left.

    Source: Unicode Standard Annex 9, rules P2 and P3.
    """
    for char in text:
        direction = unicodedata.bidirectional(char)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False
