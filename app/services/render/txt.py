"""Writer of plain transcripts (.txt)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.domain.text import ends_sentence
from app.services.layout.tokens import join_texts
from app.services.render.display_cues import DisplayCue, display_cues

_PAUSE_MS = 1000
"""A silence that ends a line even where no punctuation does."""

_LONG_LINE_CHARS = 500
"""Length at which a line ends in any case, so that unpunctuated speech stays readable."""


def write_txt(cues: Sequence[Cue], profile: ReadingProfile, language: str) -> str:
    """Return the transcript, one sentence a line, each with its speaker where known.

    A line ends with the cue that ends a sentence, and wherever the speaker changes or is silent.
    """
    lines: list[str] = []
    for group in _grouped(display_cues(cues, profile), language):
        text = join_texts([cue.text for cue in group])
        lines.append(f"{group[0].speaker}: {text}\n" if group[0].speaker else f"{text}\n")
    return "".join(lines)


def _grouped(cues: Iterator[DisplayCue], language: str) -> Iterator[list[DisplayCue]]:
    group: list[DisplayCue] = []
    for cue in cues:
        if group and _ends_line(group, cue, language):
            yield group
            group = []
        group.append(cue)
    if group:
        yield group


def _ends_line(group: list[DisplayCue], following: DisplayCue, language: str) -> bool:
    last = group[-1]
    return (
        last.speaker != following.speaker
        or following.start_ms - last.end_ms >= _PAUSE_MS
        or ends_sentence(last.text, following.text, language)
        or sum(len(cue.text) for cue in group) >= _LONG_LINE_CHARS
    )
