"""Rules of lines: how many, how wide, where they break."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from app.domain.dialogue_turns import is_turn
from app.domain.written_cue import WrittenCue
from app.services.layout.breaks import CONTEXT_WORDS, Break, break_at
from app.services.layout.tokens import tokenize
from app.services.layout.width import text_width
from app.services.quality.quality_rule import CheckedTrack, Fault, QualityRule, width_of


def _lines(track: CheckedTrack) -> Iterator[Fault]:
    for cue in track.cues:
        if len(cue.lines) > track.profile.max_lines:
            yield Fault(cue.number, len(cue.lines))


def _line_length(track: CheckedTrack) -> Iterator[Fault]:
    for cue in track.cues:
        widest = max(map(text_width, cue.lines), default=0)
        if widest > track.profile.max_line_chars:
            yield Fault(cue.number, widest)


def _fits_one_line(track: CheckedTrack) -> Iterator[Fault]:
    for cue in track.cues:
        if len(cue.lines) > 1 and not _has_turns(cue):
            width = width_of(cue)
            if width <= track.profile.max_line_chars:
                yield Fault(cue.number, width)


def _has_turns(cue: WrittenCue) -> bool:
    return any(is_turn(line, before, cue.lines[0]) for before, line in pairwise(cue.lines))


def _line_break(track: CheckedTrack) -> Iterator[Fault]:
    for cue in track.cues:
        for before, line in pairwise(cue.lines):
            if is_turn(line, before, cue.lines[0]):
                continue
            ends, begins = ([token.text for token in tokenize(text)] for text in (before, line))
            around = [*ends[-CONTEXT_WORDS:], *begins[:CONTEXT_WORDS]]
            at = len(ends[-CONTEXT_WORDS:])
            if not ends or not begins:
                continue
            if break_at(around, at, track.language) is Break.BAD:
                yield Fault(cue.number, f"{ends[-1]} | {begins[0]}")
                break


LINE_RULES = (
    QualityRule(
        "lines", "a cue has so many lines at most", _lines,
        lambda track: track.profile.max_lines, "lines",
    ),
    QualityRule(
        "line_length", "a line has so many characters at most", _line_length,
        lambda track: track.profile.max_line_chars, "characters",
    ),
    QualityRule(
        "fits_one_line", "what fits on one line stands on one", _fits_one_line,
        lambda track: track.profile.max_line_chars, "characters", "advice",
        lambda track: track.is_netflix,
    ),
    QualityRule(
        "line_break", "no line ends between words that belong together", _line_break,
        severity="advice",
    ),
)  # fmt: skip
"""Rules of lines. Source: Netflix Timed Text Style Guide, "Line Treatment"."""
