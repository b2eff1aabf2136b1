"""Screens of text in rows of fixed width, for formats of broadcasting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.domain.cue import Cue
from app.domain.events import Notice
from app.domain.frame_clock import FrameClock
from app.domain.profile import ReadingProfile
from app.domain.style import PLAIN, InlineStyle, Placement, ink_runs, pieces_of
from app.services.render.boxes import point, resolved
from app.services.render.display_cues import DisplayCue, Pieces, display_cues
from app.services.render.file_options import FileOptions
from app.services.render.replaced_characters import CharacterReplacer
from app.services.render.speaker_colours import SPEAKER_COLOURS, colour_numbers
from app.services.render.timecodes import clock_time
from app.services.render.written_file import NOT_WRITTEN, PLACES_NAMED, RETIMED

_HOURS = 24
"""A time code counts no further."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of text.

    Attributes:
        words: not blank, with the style that each begins in: attributes of such formats take the
            place of a space, so they cannot change within a word.
    """

    words: tuple[tuple[str, InlineStyle], ...]

    @property
    def width(self) -> int:
        """Columns that it takes."""
        return sum(len(word) for word, _ in self.words) + len(self.words) - 1


@dataclass(frozen=True, slots=True)
class Screen:
    """What is on screen at one time.

    Attributes:
        first: frame in which it appears.
        last: frame in which it is gone again; later than ``first``.
        rows: one or more.
        placement: where they stand; None for the usual place.
    """

    first: int
    last: int
    rows: tuple[Row, ...]
    placement: Placement | None = None


@dataclass(frozen=True, slots=True)
class ScreenLimits:
    """What fits on a screen of a format.

    Attributes:
        what: the format, for people.
        columns: of text in a row.
        rows: at one time.
        clock: counts its frames.
    """

    what: str
    columns: int
    rows: int
    clock: FrameClock


def screens_of(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str,
    options: FileOptions,
    limits: ScreenLimits,
    replacer: CharacterReplacer,
) -> tuple[list[Screen], list[Notice]]:
    """Return cues as screens in order, one at a time, and what could not stay as it was.

    Lines are broken for the format's width. What takes more rows than there are is shown in turns.
    Cues that begin together are one screen; one that begins while another is shown ends that one.
    """
    narrow = replace(profile, max_line_chars=min(profile.max_line_chars, limits.columns))
    carried = [carried_cue(cue, replacer) for cue in cues]
    shown = list(display_cues(carried, narrow, language, options))
    numbers = colour_numbers(speaker for cue in shown for speaker in cue.speakers)
    end_ms = _HOURS * 3_600_000 - 1000
    late = [cue for cue in shown if cue.end_ms > end_ms]
    whole = [_screen(cue, numbers, limits) for cue in shown if cue.end_ms <= end_ms]
    apart, cut = _one_at_a_time(_together(whole))
    notices = [_late_notice(late, limits)] if late else []
    notices += [retimed_notice(cut, limits, "end as others begin")] if cut else []
    divided = [part for screen in apart for part in _in_turns(screen, limits.rows)]
    return list(_one_at_a_time(divided)[0]), notices


def carried_cue(cue: Cue, replacer: CharacterReplacer) -> Cue:
    """Return a cue in the characters of a format, with its styles where they were."""
    pieces = [(replacer.written(t), style) for t, style in pieces_of(cue.text, cue.runs)]
    text = "".join(part for part, _ in pieces)
    if cue.translation is None:
        return replace(cue, text=text, runs=ink_runs(pieces))
    other = [
        (replacer.written(t), style)
        for t, style in pieces_of(cue.translation, cue.translation_runs)
    ]
    return replace(
        cue,
        text=text,
        runs=ink_runs(pieces),
        translation="".join(part for part, _ in other),
        translation_runs=ink_runs(other),
    )


def first_row(screen: Screen, height: int, rows: int) -> int:
    """Return the row that a screen begins in, counted from 1, so that all of it fits.

    Args:
        screen: with one row of text or more.
        height: rows that a row of text takes.
        rows: of the picture.
    """
    size = min(rows, len(screen.rows) * height)
    if screen.placement is None:
        return 1 + rows - size
    place = resolved(screen.placement)
    y = point(place)[1] * rows
    above = (size, size / 2, 0)[place.vertical]
    return 1 + min(max(round(y - above), 0), rows - size)


def retimed_notice(frames: Sequence[int], limits: ScreenLimits, what: str) -> Notice:
    """Return the notice of captions whose times could not stay, by the frames of their starts."""
    named = ", ".join(_time(frame, limits) for frame in frames[:PLACES_NAMED])
    more = ", …" if len(frames) > PLACES_NAMED else ""
    return Notice(RETIMED, f"{limits.what}: {len(frames)} captions {what}: {named}{more}")


def _time(frame: int, limits: ScreenLimits) -> str:
    return clock_time(limits.clock.ms_at(frame))


def _late_notice(late: Sequence[DisplayCue], limits: ScreenLimits) -> Notice:
    return Notice(
        NOT_WRITTEN,
        f"{limits.what}: time codes end after {_HOURS} hours, so {len(late)} captions are left "
        f"out from {clock_time(late[0].start_ms)} on",
    )


def _frames(cue: DisplayCue, limits: ScreenLimits) -> tuple[int, int]:
    first = limits.clock.frame_at(cue.start_ms)
    return first, max(first + 1, limits.clock.frame_at(cue.end_ms))


def _screen(cue: DisplayCue, numbers: dict[str, int], limits: ScreenLimits) -> Screen:
    rows = (
        _row(line, _colour(speaker, numbers))
        for part in cue.parts
        for line, speaker in zip(part.styled_lines, part.line_speakers, strict=True)
    )
    return Screen(*_frames(cue, limits), tuple(row for row in rows if row.words), cue.placement)


def _colour(speaker: str | None, numbers: dict[str, int]) -> str | None:
    """Return the colour of a speaker's lines; None for the usual one."""
    number = 0 if speaker is None else numbers[speaker]
    return SPEAKER_COLOURS[number].hex if number else None


def _row(pieces: Pieces, colour: str | None) -> Row:
    base = InlineStyle(colour=colour)
    words: list[tuple[str, InlineStyle]] = []
    in_word = False
    for text, style in pieces:
        for place, part in enumerate(text.split(" ")):
            in_word = in_word and place == 0
            if not part:
                continue
            if in_word:
                words[-1] = (words[-1][0] + part, words[-1][1])
            else:
                words.append((part, style.over(base) if colour else style))
            in_word = True
        in_word = in_word and not text.endswith(" ")
    return Row(tuple(words))


def _together(screens: Iterable[Screen]) -> Iterator[Screen]:
    """Join screens that begin in the same frame."""
    held: Screen | None = None
    for screen in screens:
        if held is not None and held.first == screen.first:
            held = replace(held, last=max(held.last, screen.last), rows=held.rows + screen.rows)
            continue
        if held is not None:
            yield held
        held = screen
    if held is not None:
        yield held


def _one_at_a_time(screens: Iterable[Screen]) -> tuple[list[Screen], list[int]]:
    """Return screens that each end before the next begins, and where one had to end early."""
    apart: list[Screen] = []
    cut: list[int] = []
    for screen in screens:
        if apart and apart[-1].last > screen.first:
            before = apart[-1]
            first = max(screen.first, before.first + 1)
            apart[-1] = replace(before, last=first)
            screen = replace(screen, first=first, last=max(screen.last, first + 1))
            cut.append(before.first)
        apart.append(screen)
    return apart, cut


def _in_turns(screen: Screen, most: int) -> Iterator[Screen]:
    """Divide a screen with too many rows, and its time by the number of characters."""
    if len(screen.rows) <= most:
        yield screen
        return
    parts = [screen.rows[at : at + most] for at in range(0, len(screen.rows), most)]
    sizes = [sum(row.width for row in part) for part in parts]
    reached, first = 0, screen.first
    for part, size in zip(parts, sizes, strict=True):
        reached += size
        last = screen.first + (screen.last - screen.first) * reached // sum(sizes)
        yield Screen(first, max(last, first + 1), part, screen.placement)
        first = max(last, first + 1)


def nearest_colour(style: InlineStyle, palette: Sequence[str], default: int) -> int:
    """Return the number of the colour in a palette that comes nearest to a style's.

    Args:
        style: without a colour of its own it has the default.
        palette: as ``#rrggbb``; black is never taken, since it is on black ground.
        default: number of the usual one.
    """
    if style == PLAIN or style.colour is None:
        return default
    wanted = _channels(style.colour)
    return min(
        (number for number, colour in enumerate(palette) if colour != "#000000"),
        key=lambda number: sum(
            (a - b) ** 2 for a, b in zip(wanted, _channels(palette[number]), strict=True)
        ),
    )


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
