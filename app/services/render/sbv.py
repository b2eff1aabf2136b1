"""Writer of SubViewer as YouTube has it (.sbv)."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.services.render.bidi import leading_mark
from app.services.render.display_cues import NO_WORDS, DisplayCue, WordTimes, display_cues
from app.services.render.file_options import PLAIN_FILE, FileOptions
from app.services.render.srt import literal_text, replaced_braces
from app.services.render.timecodes import short_clock_time
from app.services.render.written_file import WrittenFile


def write_sbv(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str,
    options: FileOptions = PLAIN_FILE,
    words: WordTimes = NO_WORDS,
) -> WrittenFile:
    """Return cues as SubViewer: a line of two times, the text, a blank line. It has no styles.

    Source: YouTube Help, "Supported subtitle and closed caption files" (SubViewer).
    """
    shown = list(display_cues(cues, profile, language, options, words))
    return WrittenFile("\n".join(map(_block, shown)), replaced_braces(shown, "SubViewer"))


def _block(cue: DisplayCue) -> str:
    lines = (_line(part, line) for part in cue.parts for line in part.styled_lines)
    text = "\n".join(lines)
    return f"{short_clock_time(cue.start_ms)},{short_clock_time(cue.end_ms)}\n{text}\n"


def _line(part: DisplayCue, pieces: Sequence[tuple[str, object]]) -> str:
    line = "".join(text for text, _ in pieces)
    return leading_mark(line, right_to_left=part.right_to_left) + literal_text(line)
