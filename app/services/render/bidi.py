"""Marks of direction for players that would guess it wrongly.

What a player takes a line's direction from differs. libass, and with it most players of SubRip
and SubStation, assumes left to right; browsers take the first letter of each line of WebVTT. See
docs/decisions/0077.
"""

from __future__ import annotations

from app.domain.direction import first_strong

_RIGHT_EMBEDDING, _LEFT_EMBEDDING, _POP = "\u202b", "\u202a", "\u202c"
_RIGHT_MARK, _LEFT_MARK = "\u200f", "\u200e"
_OPENING = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"
_CLOSING = "\u202c\u2069"
_MARKS = "\u200e\u200f\u061c"


def embedding(line: str, *, right_to_left: bool) -> tuple[str, str]:
    """Return what goes before and after a line for players that assume left to right.

    An explicit embedding for every line that is set from right to left, and for one that is not
    and begins with such a letter, since other players do look at the first letter.

    Source: Unicode Standard Annex 9, section 2.1 (explicit directional embedding).
    """
    if right_to_left:
        return _RIGHT_EMBEDDING, _POP
    return (_LEFT_EMBEDDING, _POP) if first_strong(line) == "R" else ("", "")


def leading_mark(line: str, *, right_to_left: bool) -> str:
    """Return what goes before a line for players that take its direction from its first letter.

    Source: Unicode Standard Annex 9, rules P2 and P3; W3C WebVTT, section 7.4: each line of a cue
    is ``unicode-bidi: plaintext``.
    """
    strong = first_strong(line)
    if right_to_left:
        return "" if strong == "R" else _RIGHT_MARK
    return _LEFT_MARK if strong == "R" else ""


def without_outer_marks(line: str) -> str:
    """Return a line without marks of direction around it, which are put there anew.

    An embedding or isolate goes where it encloses the whole line; a mark that a neighbour of the
    text needs stands within it and stays.
    """
    bare = line.strip(_MARKS)
    while bare[:1] and bare[0] in _OPENING and _closes_at_end(bare):
        bare = bare[1:-1].strip(_MARKS)
    return bare if bare.strip() else line


def _closes_at_end(line: str) -> bool:
    depth = 0
    for place, char in enumerate(line):
        depth += (char in _OPENING) - (char in _CLOSING)
        if depth == 0:
            return place == len(line) - 1 and place > 0
    return False
