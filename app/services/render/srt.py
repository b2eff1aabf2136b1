"""Writer of SubRip (.srt)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.services.render.bidi import embed_right_to_left
from app.services.render.display_cues import DisplayCue, display_cues
from app.services.render.timecodes import clock_time

_WORD_JOINER = "\u2060"
_READS_AS_MARKUP = re.compile(r"<(?= *[A-Za-z/!])|\\(?=[Nnh])|-(?=->)")
_BRACES = str.maketrans("{}", "()")


def write_srt(cues: Sequence[Cue], profile: ReadingProfile, language: str) -> str:
    """Return cues as SubRip, numbered from 1."""
    del language
    shown = enumerate(display_cues(cues, profile), start=1)
    return "\n".join(_block(number, cue) for number, cue in shown)


def _block(number: int, cue: DisplayCue) -> str:
    times = f"{clock_time(cue.start_ms, ',')} --> {clock_time(cue.end_ms, ',')}"
    text = "\n".join(map(_line, cue.lines))
    return f"{number}\n{times}\n{text}\n"


def _line(text: str) -> str:
    """Return a line that players display literally.

    SubRip has no escapes, yet players act on HTML tags, on ASS line breaks and on arrows: an
    invisible word joiner inside such a sequence makes it plain text. They hide text in braces as
    an ASS override, whatever it is, so braces become parentheses: every font has those, and no
    word is lost.
    """
    plain = _READS_AS_MARKUP.sub(lambda match: match[0] + _WORD_JOINER, text)
    return embed_right_to_left(plain.translate(_BRACES))
