"""Writer of plain transcripts (.txt)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.domain.text import ends_sentence
from app.services.layout.tokens import join_texts
from app.services.render.display_cues import NO_WORDS, DisplayCue, WordTimes, display_cues
from app.services.render.file_options import PLAIN_FILE, FileOptions

_PAUSE_MS = 1000
"""A silence that ends a line even where no punctuation does."""

_LONG_LINE_CHARS = 500
"""Length at which a line ends in any case, so that unpunctuated speech stays readable."""


def write_txt(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str,
    options: FileOptions = PLAIN_FILE,
    words: WordTimes = NO_WORDS,
) -> str:
    """Return the transcript, one sentence a line, each with its speaker where known.

    A line ends with the cue that ends a sentence, and wherever the speaker changes or is silent,
    also within a cue. Of two languages the second follows on a line of its own.
    """
    lines: list[str] = []
    for group in _grouped(display_cues(cues, profile, language, options, words), language):
        name = f"{group[0].speaker}: " if group[0].speaker else ""
        lines.append(f"{name}{join_texts([cue.parts[0].text for cue in group])}\n")
        if any(cue.other is not None for cue in group):
            lines.append(f"{join_texts([cue.parts[-1].text for cue in group])}\n")
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
