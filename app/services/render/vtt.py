"""Writer of WebVTT (.vtt)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.domain.style import InlineStyle, Placement
from app.services.render.bidi import leading_mark
from app.services.render.cue_words import TimedInk
from app.services.render.display_cues import NO_WORDS, DisplayCue, WordTimes, display_cues
from app.services.render.file_options import PLAIN_FILE, FileOptions
from app.services.render.inert_text import OVERRIDES, inert_pieces
from app.services.render.timecodes import clock_time

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})

_NAMED_COLOURS = {
    "#ffffff": "white", "#00ff00": "lime", "#00ffff": "cyan", "#ff0000": "red",
    "#ffff00": "yellow", "#ff00ff": "magenta", "#0000ff": "blue", "#000000": "black",
}  # fmt: skip
"""Source: W3C WebVTT, section 5.1 (default text colours)."""

LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
"""Shape of a BCP 47 tag."""

_STRIKEOUT = "strikeout"
_ROW = 0.0533
"""Height of a line of text as a share of the picture's. Source: W3C WebVTT, section 7.2."""


def write_vtt(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str,
    options: FileOptions = PLAIN_FILE,
    words: WordTimes = NO_WORDS,
) -> str:
    """Return cues as WebVTT, with cue identifiers, voice tags and a style sheet for colours.

    Timed words have a timestamp ahead of them; of two languages the original is in a language tag.

    Overrides of SubStation, which the format has not and files converted from SubRip have, are made
    inert where they are a part of the text.

    Source: W3C WebVTT, sections 4.1 (file structure) and 4.2.2 (cue text). Escaping ``>`` keeps
    an arrow in the text from reading as a timing line.
    """
    shown = list(display_cues(cues, profile, language, options, words))
    return "\n".join(["WEBVTT\n", *_style_sheet(shown), *map(_block, shown)])


def _style_sheet(cues: Iterable[DisplayCue]) -> Iterator[str]:
    """Yield a style block for the classes that are used; few players know the named ones."""
    styles = {run.style for cue in cues for part in cue.parts for run in part.runs}
    colours = sorted({style.colour for style in styles if style.colour is not None})
    rules = [f"::cue(.{_class_of(colour)}) {{ color: {colour}; }}" for colour in colours]
    if any(style.strikeout for style in styles):
        rules.append(f"::cue(.{_STRIKEOUT}) {{ text-decoration: line-through; }}")
    if rules:
        yield "\n".join(["STYLE", *rules]) + "\n"


def _class_of(colour: str) -> str:
    return _NAMED_COLOURS.get(colour, f"c{colour[1:]}")


def _block(cue: DisplayCue) -> str:
    settings = "".join(f" {each}" for each in _settings(cue.placement, len(cue.all_lines)))
    times = f"{clock_time(cue.start_ms)} --> {clock_time(cue.end_ms)}{settings}"
    voice = f"<v {_annotation(cue.speaker)}>" if cue.speaker else ""
    text = "\n".join(_text(part, is_other=part is cue.other) for part in cue.parts)
    return f"{cue.key}\n{times}\n{voice}{text}\n"


def _text(part: DisplayCue, *, is_other: bool) -> str:
    stamp = _Timestamps(part)
    lines = [_line(line, stamp, right_to_left=part.right_to_left) for line in part.timed_lines]
    text = "\n".join(lines if is_other else _voiced(lines, part.voices))
    named = is_other and part.language != "und" and LANGUAGE_TAG.fullmatch(part.language)
    return f"<lang {part.language}>{text}</lang>" if named else text


def _voiced(lines: Sequence[str], voices: Sequence[str]) -> Sequence[str]:
    """Return lines with voice tags around those of each speaker, where two share the cue."""
    if len(voices) != len(lines):
        return lines
    marked = list(lines)
    edges = [at for at in range(1, len(lines)) if voices[at] != voices[at - 1]]
    for begin, end in pairwise([0, *edges, len(lines)]):
        marked[begin] = f"<v {_annotation(voices[begin])}>{marked[begin]}"
        marked[end - 1] += "</v>"
    return marked


class _Timestamps:
    """Timestamps ahead of a cue's words.

    Each is later than the one before it and the cue's start, and earlier than its end.

    Source: W3C WebVTT, section 4.2.2 (cue timestamp tag).
    """

    def __init__(self, cue: DisplayCue) -> None:
        self._reached_ms, self._end_ms = cue.start_ms, cue.end_ms

    def of(self, word: TimedInk | None) -> str:
        """Return the timestamp of a word; empty where it has none or may have none."""
        if word is None or not self._reached_ms < word.start_ms < self._end_ms:
            return ""
        self._reached_ms = word.start_ms
        return f"<{clock_time(word.start_ms)}>"


def _line(
    pieces: Sequence[tuple[str, InlineStyle, TimedInk | None]],
    stamps: _Timestamps,
    *,
    right_to_left: bool,
) -> str:
    texts = [text for text, _, _ in pieces]
    mark = leading_mark("".join(texts), right_to_left=right_to_left)
    timed = any(word is not None for _, _, word in pieces)
    inert = inert_pieces(texts, OVERRIDES, guarded=True, timed=timed)
    return mark + "".join(
        stamps.of(word) + _tagged(text, style)
        for text, (_, style, word) in zip(inert, pieces, strict=True)
    )


def _tagged(text: str, style: InlineStyle) -> str:
    classes = [_class_of(style.colour)] if style.colour is not None else []
    classes += [_STRIKEOUT] if style.strikeout else []
    tags = [f"c.{'.'.join(classes)}"] if classes else []
    marks = (style.bold, style.italic, style.underline)
    tags += [tag for tag, is_on in zip("biu", marks, strict=True) if is_on]
    opening = "".join(f"<{tag}>" for tag in tags)
    closing = "".join(f"</{tag[0]}>" for tag in reversed(tags))
    return opening + text.translate(_ESCAPES) + closing


def _settings(placement: Placement | None, lines: int) -> Iterator[str]:
    """Yield the settings of a cue.

    Edges are written as the upper one of the box, and sides by the text's alignment, since
    browsers do not read the values after a comma.

    Source: W3C WebVTT, section 4.4 (cue settings).
    """
    if placement is None:
        return
    if placement.writing != "horizontal":
        yield f"vertical:{placement.writing.removeprefix('vertical-')}"
        yield from () if placement.y is None else (f"line:{_percentage(placement.y)}",)
    else:
        yield from _line_setting(placement, lines)
    if placement.x is not None:
        yield f"position:{_percentage(placement.x)}{_position_alignment(placement)}"
    if placement.width is not None:
        yield f"size:{_percentage(placement.width)}"
    align = placement.align or placement.horizontal
    if align != "center":
        yield f"align:{align}"
    elif placement.horizontal != "center":
        yield "align:center"


def _line_setting(placement: Placement, lines: int) -> Iterator[str]:
    if placement.row is not None:
        yield f"line:{placement.row}"
    elif placement.y is not None:
        above = (lines, lines / 2, 0)[placement.vertical] * _ROW
        yield f"line:{_percentage(max(0.0, placement.y - above))}"
    elif placement.vertical == 1:
        yield f"line:{_percentage(0.5 - lines / 2 * _ROW)}"
    elif placement.vertical:
        yield "line:0"


def _position_alignment(placement: Placement) -> str:
    """Return which side a position counts to, where the text's alignment does not say so."""
    if placement.align is None or placement.align == placement.horizontal:
        return ""
    return {"left": ",line-left", "center": ",center", "right": ",line-right"}[placement.horizontal]


def _percentage(share: float) -> str:
    return f"{round(share * 100, 2):g}%"


def _annotation(label: str) -> str:
    """Return a speaker label for a voice tag.

    The tag's own ``>`` would complete an arrow after two hyphens, and ``-->`` may stand in timing
    lines alone, so the last hyphen is written as a character reference.

    Source: W3C WebVTT, sections 4.2.2 (annotation text) and 6.4 (tokenizer: annotation state).
    """
    escaped = label.translate(_ESCAPES)
    return f"{escaped[:-1]}&#45;" if escaped.endswith("--") else escaped
