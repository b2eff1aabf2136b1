"""Writer of Advanced SubStation Alpha (.ass)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from io import StringIO

from pysubs2 import Alignment, Color, SSAEvent, SSAFile, SSAStyle
from pysubs2.formats.substation import SubstationFormat

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.domain.style import PLAIN, InlineStyle
from app.services.render.bidi import embedding
from app.services.render.boxes import point, resolved
from app.services.render.cue_words import TimedInk
from app.services.render.display_cues import NO_WORDS, DisplayCue, WordTimes, display_cues
from app.services.render.file_options import PLAIN_FILE, FileOptions
from app.services.render.inert_text import TAGS_AND_ENTITIES, WORD_JOINER, inert_pieces
from app.services.render.speaker_colours import SPEAKER_COLOURS, Colour, colour_numbers
from app.services.render.timecodes import centisecond_time

_ESCAPES = str.maketrans({"\\": f"\\{WORD_JOINER}", "{": "\\{", "}": "\\}"})
"""A backslash has no escape of its own: an invisible character after it keeps ``\\N`` and the like
from being acted on. Source: libass, ``ass_parse.c`` (``\\{`` and ``\\}`` are literal braces)."""

_ORIGINAL = "Original"
_UNSPOKEN = (160, 160, 160)
"""Colour of a word until it is spoken."""

_SAFE_AREA = 0.8
"""Share of the picture's width for text. Source: EBU R 95, graphics safe area, with a margin."""

_MAX_LINE_HEIGHT = 0.055
"""Of the picture's height: two lines then cover about a ninth of it, as in broadcast subtitles."""

_CHAR_WIDTH = 0.5
"""Mean advance of a proportional sans-serif letter, in font sizes."""


class _LongSubstation(SubstationFormat):
    """pysubs2's writer without its limit of ten hours."""

    @staticmethod
    def ms_to_timestamp(requested_ms: int) -> str:
        """See pysubs2."""
        return centisecond_time(requested_ms)


def write_ass(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str,
    options: FileOptions = PLAIN_FILE,
    words: WordTimes = NO_WORDS,
) -> str:
    """Return cues as ASS, with a style for each speaker's colour.

    Where two share a cue, the lines of each have their speaker's colour by an override. Times are
    rounded to hundredths of a second, the resolution of the format. Timed words are lit up as they
    are spoken, but for lines from right to left, whose parts libass orders from the left. Of two
    languages in two regions the original has a style of its own.
    """
    shown = list(display_cues(cues, profile, language, options, words))
    numbers = colour_numbers(speaker for cue in shown for speaker in cue.speakers)
    subs = SSAFile()
    subs.info.update(_info(profile))
    subs.styles = {"Default": _style(SPEAKER_COLOURS[0], profile)}
    for number in sorted(set(numbers.values())):
        subs.styles[_style_name(number)] = _style(SPEAKER_COLOURS[number], profile)
    if any(cue.is_original for cue in shown):
        subs.styles[_ORIGINAL] = replace(
            _style(SPEAKER_COLOURS[0], profile), alignment=Alignment.TOP_CENTER
        )
    if options.words:
        for style in subs.styles.values():
            style.secondarycolor = Color(*_UNSPOKEN)
    subs.events = [_event(cue, numbers, profile) for cue in shown]
    file = StringIO()
    _LongSubstation.to_file(subs, file, "ass", header_notice="Cuestream")
    return file.getvalue()


def _info(profile: ReadingProfile) -> dict[str, str]:
    return {
        "WrapStyle": "0",
        "ScaledBorderAndShadow": "yes",
        "PlayResX": str(profile.frame_width_px),
        "PlayResY": str(profile.frame_height_px),
    }


def _style_name(number: int) -> str:
    return f"Speaker {number + 1}"


def _style(colour: Colour, profile: ReadingProfile) -> SSAStyle:
    width, height = profile.frame_width_px, profile.frame_height_px
    size = min(width * _SAFE_AREA / profile.max_line_chars / _CHAR_WIDTH, height * _MAX_LINE_HEIGHT)
    margin = round(width * (1 - _SAFE_AREA) / 2)
    return SSAStyle(
        fontname="Arial",
        fontsize=round(size),
        primarycolor=Color(colour.red, colour.green, colour.blue),
        backcolor=Color(0, 0, 0, 128),
        outline=round(size / 20, 1),
        shadow=round(size / 40, 1),
        alignment=Alignment.BOTTOM_CENTER,
        marginl=margin,
        marginr=margin,
        marginv=round(height * 0.06),
    )


def _event(cue: DisplayCue, numbers: dict[str, int], profile: ReadingProfile) -> SSAEvent:
    return SSAEvent(
        start=cue.start_ms,
        end=max(cue.end_ms, cue.start_ms + 10),
        text=_position(cue, profile) + "\\N".join(_lines(cue, numbers)),
        style=_style_of(cue, numbers),
        name=(cue.speaker or "").replace(",", " "),
    )


def _style_of(cue: DisplayCue, numbers: dict[str, int]) -> str:
    if cue.is_original:
        return _ORIGINAL
    return _style_name(numbers[cue.speaker]) if cue.speaker else "Default"


def _position(cue: DisplayCue, profile: ReadingProfile) -> str:
    """Return the overrides that place a cue; empty for the usual place."""
    usual = Alignment.TOP_CENTER if cue.is_original else Alignment.BOTTOM_CENTER
    place = resolved(cue.placement)
    if place.x is None and place.y is None:
        return "" if place.anchor == usual else f"{{\\an{place.anchor}}}"
    x, y = point(place)
    x_px, y_px = round(x * profile.frame_width_px), round(y * profile.frame_height_px)
    return f"{{\\an{place.anchor}\\pos({x_px},{y_px})}}"


def _lines(cue: DisplayCue, numbers: Mapping[str, int]) -> Iterator[str]:
    """Yield the lines with their overrides; what one line switches on holds for the next.

    Marks of direction stand behind the overrides, at which libass cuts a line. Tags and entities
    of other formats, which libass shows and other readers act on, are made inert.
    """
    current = PLAIN
    for part in cue.parts:
        karaoke = _Karaoke(part)
        for pieces, ground in zip(_timed_lines(part), _grounds(part, numbers), strict=True):
            line = "".join(text for text, _, _ in pieces)
            before, after = embedding(line, right_to_left=part.right_to_left)
            written: list[str] = []
            inert = inert_pieces([text for text, _, _ in pieces], TAGS_AND_ENTITIES)
            for text, (_, own, word) in zip(inert, pieces, strict=True):
                style = replace(own, colour=own.colour or ground)
                switches = _switches(current, style)
                written += [karaoke.of(word), switches, before, text.translate(_ESCAPES)]
                current, before = style, ""
            yield "".join([*written, after])


def _grounds(part: DisplayCue, numbers: Mapping[str, int]) -> Iterator[str | None]:
    """Yield the colour of each line that has another than the cue's style: its speaker's."""
    for speaker in part.line_speakers:
        number = numbers[speaker] if speaker is not None and part.speaker is None else 0
        yield SPEAKER_COLOURS[number].hex if number else None


def _timed_lines(
    part: DisplayCue,
) -> list[list[tuple[str, InlineStyle, TimedInk | None]]]:
    if part.right_to_left:
        return [[(text, style, None) for text, style in line] for line in part.solid_lines]
    return part.timed_lines


class _Karaoke:
    r"""Karaoke overrides, whose durations count on from the one before, in hundredths of a second.

    Each lasts until the next word begins, so that rounding does not add up; what precedes the first
    word is an empty part of the text.

    Source: libass, ``ass_parse.c`` (``\k``).
    """

    def __init__(self, part: DisplayCue) -> None:
        begins = [word.start_ms for word in part.words]
        self._ends = dict(zip(begins, [*begins[1:], part.end_ms], strict=False))
        self._start_ms = self._reached_ms = part.start_ms

    def of(self, word: TimedInk | None) -> str:
        """Return the overrides ahead of a word; none where it has no time."""
        if word is None:
            return ""
        wait = self._advance(word.start_ms)
        lead = f"{{\\k{wait}}}" if wait else ""
        return f"{lead}{{\\k{self._advance(self._ends[word.start_ms])}}}"

    def _advance(self, to_ms: int) -> int:
        """Return the hundredths of a second up to a time, and go on from there."""
        before = (self._reached_ms - self._start_ms + 5) // 10
        self._reached_ms = max(self._reached_ms, to_ms)
        return (self._reached_ms - self._start_ms + 5) // 10 - before


def _switches(old: InlineStyle, new: InlineStyle) -> str:
    """Return the overrides that change one style into another."""
    marks = (
        ("i", old.italic, new.italic),
        ("b", old.bold, new.bold),
        ("u", old.underline, new.underline),
        ("s", old.strikeout, new.strikeout),
    )
    tags = [f"\\{name}{int(is_on)}" for name, was_on, is_on in marks if was_on != is_on]
    if old.colour != new.colour:
        tags.append("\\c" if new.colour is None else f"\\c&H{_bgr(new.colour)}&")
    return f"{{{''.join(tags)}}}" if tags else ""


def _bgr(colour: str) -> str:
    return (colour[5:7] + colour[3:5] + colour[1:3]).upper()
