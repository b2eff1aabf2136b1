"""Writer of LRC (.lrc)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.services.layout.tokens import join_texts
from app.services.render.bidi import leading_mark
from app.services.render.cue_words import TimedInk
from app.services.render.display_cues import NO_WORDS, DisplayCue, WordTimes, display_cues
from app.services.render.file_options import PLAIN_FILE, FileOptions
from app.services.render.inert_text import ALL_MARKUP, ARROWS, text_behind_time
from app.services.render.timecodes import minute_time

_SILENCE_MS = 500
"""A pause from which on the line before it is taken off the screen."""

_READS_AS_MARKUP = re.compile(
    rf"{ALL_MARKUP.pattern}|{ARROWS.pattern}|\[(?=[0-9]+:)", re.IGNORECASE
)


def write_lrc(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str,
    options: FileOptions = PLAIN_FILE,
    words: WordTimes = NO_WORDS,
) -> str:
    """Return cues as LRC, a line for each, with times of words within where they are wanted.

    The format has no ends: a line without text follows where nothing is shown for a while. Two
    languages are two lines with one time.

    Source: https://en.wikipedia.org/wiki/LRC_(file_format), simple and A2 extension.
    """
    shown = list(display_cues(cues, profile, language, options, words))
    followed = pairwise([*shown, None])
    return "".join(
        line for cue, after in followed if cue is not None for line in _lines(cue, after)
    )


def _lines(cue: DisplayCue, after: DisplayCue | None) -> Iterator[str]:
    for part in cue.parts:
        yield f"[{minute_time(cue.start_ms)}]{_text(part)}\n"
    if after is None or after.start_ms - cue.end_ms >= _SILENCE_MS:
        yield f"[{minute_time(cue.end_ms)}]\n"


def _text(part: DisplayCue) -> str:
    mark = leading_mark(part.text, right_to_left=part.right_to_left)
    if not part.words:
        return mark + _literal(join_texts(part.text.split("\n")))
    timed = ("".join(_word(*piece) for piece in line) for line in part.timed_lines)
    return mark + " ".join(timed)


def _word(text: str, style: object, word: TimedInk | None) -> str:
    del style
    return f"<{minute_time(word.start_ms)}>{_literal(text)}" if word else _literal(text)


def _literal(text: str) -> str:
    """Return a text in which nothing reads as a time or as markup."""
    return text_behind_time(text, _READS_AS_MARKUP)
