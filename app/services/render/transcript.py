"""Writer of plain transcripts with speakers and times (.txt)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.domain.text import ends_sentence
from app.services.layout.tokens import join_texts
from app.services.render.display_cues import NO_WORDS, DisplayCue, WordTimes, display_cues
from app.services.render.file_options import PLAIN_FILE, FileOptions
from app.services.render.inert_text import ALL_MARKUP, ARROWS, inert_pieces, text_behind_time
from app.services.render.timecodes import clock_time

_READS_AS_MARKUP = re.compile(f"{ALL_MARKUP.pattern}|{ARROWS.pattern}", re.IGNORECASE)
_PAUSE_MS = 2000
"""A silence that ends a paragraph."""

_LONG_CHARS = 400
"""Length from which on a paragraph ends with the next sentence."""

_LONGEST_CHARS = 1200


def write_transcript(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str,
    options: FileOptions = PLAIN_FILE,
    words: WordTimes = NO_WORDS,
) -> str:
    """Return paragraphs, each with the time at which it begins and who speaks.

    Of two languages the second follows on a line of its own.
    """
    shown = display_cues(cues, profile, language, options, words)
    return "\n".join(map(_paragraph, _paragraphs(shown, language)))


def _paragraph(cues: list[DisplayCue]) -> str:
    opening = cues[0]
    speaker = f" {_inert_line(opening.speaker)}:" if opening.speaker else ""
    texts = [join_texts([cue.parts[0].text for cue in cues])]
    if any(len(cue.parts) > 1 for cue in cues):
        texts.append(join_texts([cue.parts[-1].text for cue in cues]))
    first, *others = [line for text in texts for line in text.split("\n")]
    lines = [text_behind_time(first, _READS_AS_MARKUP), *map(_inert_line, others)]
    time = clock_time(opening.start_ms).partition(".")[0]
    return f"[{time}]{speaker} " + "\n".join(lines) + "\n"


def _inert_line(line: str) -> str:
    """Return a line in which nothing reads as markup, and which does not read as a time line."""
    return "".join(inert_pieces([line], _READS_AS_MARKUP, guarded=True))


def _paragraphs(cues: Iterator[DisplayCue], language: str) -> Iterator[list[DisplayCue]]:
    group: list[DisplayCue] = []
    chars = 0
    for cue in cues:
        if group and _ends(group[-1], cue, chars, language):
            yield group
            group, chars = [], 0
        group.append(cue)
        chars += len(cue.text)
    if group:
        yield group


def _ends(last: DisplayCue, cue: DisplayCue, chars: int, language: str) -> bool:
    if last.speaker != cue.speaker or cue.start_ms - last.end_ms >= _PAUSE_MS:
        return True
    is_long = chars >= _LONG_CHARS and ends_sentence(last.text, cue.text, language)
    return is_long or chars >= _LONGEST_CHARS
