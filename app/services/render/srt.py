"""Writer of SubRip (.srt)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from app.domain.cue import Cue
from app.domain.events import Notice
from app.domain.profile import ReadingProfile
from app.domain.style import PLAIN, InlineStyle, Placement, zone
from app.services.render.bidi import embedding
from app.services.render.display_cues import (
    NO_WORDS,
    DisplayCue,
    Pieces,
    WordTimes,
    display_cues,
)
from app.services.render.file_options import PLAIN_FILE, FileOptions
from app.services.render.inert_text import ANY_TAG, ARROWS, WORD_JOINER, inert_pieces
from app.services.render.replaced_characters import CODE
from app.services.render.timecodes import clock_time
from app.services.render.written_file import WrittenFile

_READS_AS_MARKUP = re.compile(
    rf"{ANY_TAG.pattern}|\\(?=[Nnh])|{ARROWS.pattern}|\[(?=br\])", re.IGNORECASE
)
"""The last is a line break of SubViewer."""

_NUMBER = re.compile(r"-?[0-9]++\.?[0-9]*+")
"""A line that reads as the number of the next cue."""

_BRACES = str.maketrans("{}", "()")


def write_srt(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str,
    options: FileOptions = PLAIN_FILE,
    words: WordTimes = NO_WORDS,
) -> WrittenFile:
    """Return cues as SubRip, numbered from 1.

    What players agree on is written: ``<i>``, ``<b>``, ``<u>``, ``<s>``, ``<font color>``, and
    the part of the picture as an alignment; exact places are left to other formats.
    """
    shown = list(display_cues(cues, profile, language, options, words))
    blocks = (_block(number, cue) for number, cue in enumerate(shown, start=1))
    return WrittenFile("\n".join(blocks), replaced_braces(shown, "SubRip"))


def replaced_braces(cues: Iterable[DisplayCue], what: str) -> tuple[Notice, ...]:
    """Return a notice of the braces of texts that became parentheses; none where there are none.

    Args:
        cues: that were written.
        what: the format, for people.
    """
    lines = (line for cue in cues for line in cue.all_lines)
    count = sum(line.count("{") + line.count("}") for line in lines)
    if not count:
        return ()
    message = f"{count} braces, which players of {what} hide with their text, as parentheses"
    return (Notice(CODE, message),)


def _block(number: int, cue: DisplayCue) -> str:
    times = f"{clock_time(cue.start_ms, ',')} --> {clock_time(cue.end_ms, ',')}"
    text = "\n".join(
        _line(line, right_to_left=part.right_to_left)
        for part in cue.parts
        for line in part.solid_lines
    )
    return f"{number}\n{times}\n{_alignment(cue.placement)}{text}\n"


def _alignment(placement: Placement | None) -> str:
    number = 2 if placement is None else zone(placement)
    return "" if number == 2 else f"{{\\an{number}}}"


def _line(pieces: Pieces, *, right_to_left: bool) -> str:
    """Return a line; marks of direction stand within its tags, at which libass cuts it."""
    marks = embedding("".join(text for text, _ in pieces), right_to_left=right_to_left)
    (first, style), *others = _literal(pieces)
    marked = [(marks[0] + first, style), *others]
    last, style = marked[-1]
    marked[-1] = (last + marks[1], style)
    return "".join(_tagged(*piece) for piece in marked)


def _tagged(text: str, style: InlineStyle) -> str:
    tags = list(_tags(style))
    opening = "".join(f"<{tag}>" for tag in tags)
    return opening + text + "".join(f"</{tag.split()[0]}>" for tag in reversed(tags))


def _tags(style: InlineStyle) -> Iterator[str]:
    if style.colour is not None:
        yield f'font color="{style.colour}"'
    marks = (style.bold, style.italic, style.underline, style.strikeout)
    yield from (tag for tag, is_on in zip("bius", marks, strict=True) if is_on)


def literal_text(line: str) -> str:
    """Return a line that players display literally; see below."""
    return "".join(text for text, _ in _literal(((line, PLAIN),)))


def _literal(pieces: Pieces) -> Iterator[tuple[str, InlineStyle]]:
    """Yield pieces whose text players display literally.

    SubRip has no escapes, yet players act on HTML tags and entities, on ASS line breaks and on
    arrows: see `inert_text`. They hide text in braces as an ASS override, whatever it is, so braces
    become parentheses: every font has those, and no word is lost. A line that is a number alone
    gets a joiner too, since readers that expect no blank lines begin a cue there.
    """
    texts = [text.translate(_BRACES) for text, _ in pieces]
    written = inert_pieces(texts, _READS_AS_MARKUP, guarded=True)
    if _NUMBER.fullmatch("".join(texts)):
        written[-1] += WORD_JOINER
    yield from zip(written, (style for _, style in pieces), strict=True)
