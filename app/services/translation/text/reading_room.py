"""How much text can be read while cues show."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile


def room_chars(cues: Sequence[Cue], profile: ReadingProfile) -> int:
    """Return the characters that can be read while the cues show, one after another.

    Returns:
        Columns as ``layout.width`` counts them: a Latin letter is one, an East Asian wide
        character two. At least one for each cue.
    """
    return sum(_room(cue, profile) for cue in cues)


def _room(cue: Cue, profile: ReadingProfile) -> int:
    readable = int(profile.max_cps * cue.span.duration_ms / 1000)
    return max(1, min(profile.max_chars, readable))
