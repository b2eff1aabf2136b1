"""Writer of WebVTT (.vtt)."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.services.render.display_cues import DisplayCue, display_cues
from app.services.render.timecodes import clock_time

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def write_vtt(cues: Sequence[Cue], profile: ReadingProfile, language: str) -> str:
    """Return cues as WebVTT, with cue identifiers and voice tags.

    Source: W3C WebVTT, sections 4.1 (file structure) and 4.2.2 (cue text). Escaping ``>`` keeps
    an arrow in the text from reading as a timing line.
    """
    del language
    blocks = [_block(cue) for cue in display_cues(cues, profile)]
    return "\n".join(["WEBVTT\n", *blocks])


def _block(cue: DisplayCue) -> str:
    times = f"{clock_time(cue.start_ms)} --> {clock_time(cue.end_ms)}"
    voice = f"<v {_annotation(cue.speaker)}>" if cue.speaker else ""
    text = "\n".join(line.translate(_ESCAPES) for line in cue.lines)
    return f"{cue.id}\n{times}\n{voice}{text}\n"


def _annotation(label: str) -> str:
    """Return a speaker label for a voice tag.

    The tag's own ``>`` would complete an arrow after two hyphens, and ``-->`` may stand in timing
    lines alone, so the last hyphen is written as a character reference.

    Source: W3C WebVTT, sections 4.2.2 (annotation text) and 6.4 (tokenizer: annotation state).
    """
    escaped = label.translate(_ESCAPES)
    return f"{escaped[:-1]}&#45;" if escaped.endswith("--") else escaped
