"""Cues as displayed: clean lines with times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from app.domain.cue import Cue
from app.domain.direction import is_right_to_left, mostly_right_to_left, runs_right_to_left
from app.domain.profile import ReadingProfile
from app.domain.style import (
    PLAIN,
    InlineStyle,
    Placement,
    Runs,
    common_style,
    divided,
    ink_length,
    ink_runs,
    part,
    pieces_of,
    without_italics,
    zone,
)
from app.services.layout.line_breaks import break_lines
from app.services.render.bidi import without_outer_marks
from app.services.render.cue_words import TimedInk, Words, lines_with_words
from app.services.render.file_options import PLAIN_FILE, FileOptions

_SPACES = re.compile(r"[^\S\u00a0\u2007\u202f]+")
_UNWRITABLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)
"""Control characters, lone surrogates, byte order marks and noncharacters: none is text, and some
end a file for its reader.

Source: XML 1.0 section 2.2 (Char); Unicode 15, section 23.7 (Noncharacters).
"""


Pieces = tuple[tuple[str, InlineStyle], ...]
"""A line of text, cut where its style changes."""

WordTimes = Mapping[int, Words]
"""Times of the words of cues' texts as they were spoken, by the cues' ids."""

NO_WORDS: WordTimes = MappingProxyType({})
_TOP, _LOWEST_OF_TOP = 8, 7
"""Part of the picture for the original beside a translation, and the first of those above."""


@dataclass(frozen=True, slots=True)
class DisplayCue:
    """One cue of a subtitle file.

    Attributes:
        id: id of the cue.
        start_ms: start of its display.
        end_ms: later than ``start_ms``.
        text: not blank, a line for each speaker's turn.
        lines: the text broken into screen lines; at least one, none blank.
        speaker: label, never blank; None when unknown.
        right_to_left: direction in which its lines are set.
        placement: where it stands; None for the usual place.
        runs: styled parts of the text.
        language: BCP 47 tag of the text.
        words: when its words are spoken; empty where that is not known or not wanted.
        other: the same in the other language, for one cue that shows both.
        other_first: whether that stands above.
        is_original: whether it is the original beside a cue of its translation.
        voices: speaker of each line where two share the cue; empty elsewhere.
    """

    id: int
    start_ms: int
    end_ms: int
    text: str
    lines: tuple[str, ...]
    speaker: str | None
    right_to_left: bool = False
    placement: Placement | None = None
    runs: Runs = ()
    language: str = "und"
    words: Words = ()
    other: DisplayCue | None = None
    other_first: bool = False
    is_original: bool = False
    voices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Identifier of the cue, once in a file."""
        return f"{self.id}-original" if self.is_original else str(self.id)

    @property
    def parts(self) -> tuple[DisplayCue, ...]:
        """The texts that the cue shows, from above; two where it shows both languages."""
        if self.other is None:
            return (self,)
        return (self.other, self) if self.other_first else (self, self.other)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Who speaks in it, each once; empty where nobody knows."""
        if self.speaker is not None:
            return (self.speaker,)
        return tuple(dict.fromkeys(voice for shown in self.parts for voice in shown.voices))

    @property
    def line_speakers(self) -> tuple[str | None, ...]:
        """Who says each of its lines; None where nobody knows."""
        return self.voices or (self.speaker,) * len(self.lines)

    @property
    def all_lines(self) -> tuple[str, ...]:
        """The lines of all parts."""
        return tuple(line for shown in self.parts for line in shown.lines)

    @property
    def timed_lines(self) -> list[list[tuple[str, InlineStyle, TimedInk | None]]]:
        """The styled lines, cut where a word begins that is timed."""
        return list(lines_with_words(self.styled_lines, self.words))

    @property
    def styled_lines(self) -> tuple[Pieces, ...]:
        """The lines with their styles, without marks of direction around them."""
        bare = [without_outer_marks(line) for line in self.lines]
        if not self.runs:
            return tuple(((line, PLAIN),) for line in bare)
        cut = zip(self.lines, bare, divided(self.runs, self.lines), strict=True)
        return tuple(tuple(_bare_pieces(line, kept, runs)) for line, kept, runs in cut)

    @property
    def solid_lines(self) -> tuple[Pieces, ...]:
        """The lines for players that order the styled parts of a line from left to right.

        libass and VSFilter do, whatever the direction of the parts, so a line that is set from
        right to left has only the style that it has as a whole.
        """
        if not self.right_to_left:
            return self.styled_lines
        return tuple((_solid(line),) for line in self.styled_lines)


def _solid(pieces: Pieces) -> tuple[str, InlineStyle]:
    text = "".join(piece for piece, _ in pieces)
    return text, common_style(ink_runs(pieces), ink_length(text))


def _bare_pieces(line: str, kept: str, runs: Runs) -> Iterator[tuple[str, InlineStyle]]:
    """Yield the pieces of what is kept of a line."""
    place = line.index(kept)
    start = ink_length(line[:place])
    yield from pieces_of(kept, part(runs, start, start + ink_length(kept)))


def display_cues(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str = "und",
    options: FileOptions = PLAIN_FILE,
    words: WordTimes = NO_WORDS,
) -> Iterator[DisplayCue]:
    """Yield cues in order of start, broken into lines; those without text are left out.

    Args:
        cues: in any order.
        profile: limits the width of lines.
        language: BCP 47 tag of the text shown.
        options: of the file; with two regions each text is a cue of its own.
        words: used where the options want them.
    """
    display = _Display(profile, _Directions(cues, language), words if options.words else NO_WORDS)
    for cue in sorted(cues, key=lambda cue: cue.span):
        shown = display.cue(cue, language)
        other = display.original(cue) if options.bilingual != "no" else None
        if shown is None:
            continue
        if other is None:
            yield shown
        elif options.bilingual == "regions":
            yield replace(other, is_original=True, placement=_beside(cue.placement))
            yield shown
        else:
            yield replace(shown, other=other, other_first=not options.translation_first)


def _beside(placement: Placement | None) -> Placement | None:
    """Return the other end of the picture."""
    above = placement is not None and zone(placement) >= _LOWEST_OF_TOP
    return None if above else Placement(_TOP)


@dataclass(frozen=True, slots=True)
class _Display:
    """Makes cues displayable."""

    profile: ReadingProfile
    directions: _Directions
    words: WordTimes

    def original(self, cue: Cue) -> DisplayCue | None:
        """Return a translated cue in the language that it was spoken in."""
        if not cue.translation or clean_turns(cue.translation) == clean_turns(cue.text):
            return None
        return self.cue(replace(cue, translation=None), cue.language, italics=True)

    def cue(self, cue: Cue, language: str, *, italics: bool = False) -> DisplayCue | None:
        """Return a cue with its text; None where that is blank.

        Args:
            cue: with the text that is shown.
            language: BCP 47 tag of it.
            italics: whether its script has italics whatever the profile of the file says.
        """
        text = clean_turns(cue.shown)
        if not text:
            return None
        tag = language if cue.translation else _known(cue.language, language)
        runs = _clean_runs(cue)
        known = "" if tag == "und" else tag
        turns = [
            [line for line in break_lines(turn, self.profile, known) if line.strip()]
            for turn in text.split("\n")
        ]
        return DisplayCue(
            id=cue.id,
            start_ms=cue.span.start_ms,
            end_ms=max(cue.span.end_ms, cue.span.start_ms + 1),
            text=text,
            lines=tuple(line for turn in turns for line in turn),
            speaker=clean_label(cue.speaker),
            right_to_left=self.directions.of(cue, text),
            placement=cue.placement,
            runs=runs if italics or self.profile.italics else without_italics(runs),
            language=tag,
            words=() if cue.translation else self.words.get(cue.id, ()),
            voices=_voices(cue, turns),
        )


def _voices(cue: Cue, turns: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return who says each line of a cue that two share; none where that cannot be told."""
    speakers = [clean_label(speaker) for speaker in cue.turn_speakers]
    if cue.speaker or len(speakers) != len(turns) or None in speakers:
        return ()
    return tuple(
        speaker or "" for speaker, lines in zip(speakers, turns, strict=True) for _ in lines
    )


def _known(own: str, otherwise: str) -> str:
    return otherwise if own == "und" else own


class _Directions:
    """Directions of one file's cues.

    Args:
        cues: all of them; they decide where the language is unknown.
        language: BCP 47 tag of the text shown.
    """

    def __init__(self, cues: Sequence[Cue], language: str) -> None:
        self._language = language
        self._majority = mostly_right_to_left(cue.shown for cue in cues)
        self._known: dict[str, bool] = {}

    def of(self, cue: Cue, text: str) -> bool:
        """Whether a cue is set from right to left."""
        own = cue.language if cue.translation is None and cue.language != "und" else self._language
        if own not in self._known:
            found = is_right_to_left(own)
            self._known[own] = self._majority if found is None else found
        return runs_right_to_left(text, language=self._known[own])


def _clean_runs(cue: Cue) -> Runs:
    """Return the runs of the text shown, without the characters that no file may contain."""
    runs, text = cue.shown_runs, cue.shown
    if not runs or _UNWRITABLE.search(text) is None:
        return runs
    return ink_runs((_UNWRITABLE.sub("", piece), style) for piece, style in pieces_of(text, runs))


def clean_turns(text: str) -> str:
    """Return a text as `clean_text` does, with the line breaks between its turns."""
    return "\n".join(turn for line in text.split("\n") if (turn := clean_text(line)))


def clean_text(text: str) -> str:
    """Return a text on one line, without characters that no subtitle file may contain."""
    return _SPACES.sub(" ", _UNWRITABLE.sub("", text)).strip()


def clean_label(label: str | None) -> str | None:
    """Return a speaker's label cleaned in the same way, or None where it becomes empty."""
    return clean_text(label or "") or None
