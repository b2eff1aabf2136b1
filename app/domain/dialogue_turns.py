"""Dialogue within one caption: several speakers, a line each."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from app.domain.text import CLOSING_MARKS, ends_sentence

DASHES = "‐‑‒–—―−⁃﹘﹣－-"
"""Dashes that a speaker's line begins with: hyphens, figure dash, en dash, em dash, bar, minus,
bullet and the small and wide forms."""

_FORMATTING = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Marks of direction, which may stand before the dash of a right-to-left line."""

_DASH = re.compile(
    rf"[{_FORMATTING}]*(?:[{DASHES}](?:\s+(?=[^\s{DASHES}])|(?=[^\s\d{DASHES}]))|>>+)"
)
"""A speaker's dash; ``-5`` is a figure, and two dashes continue what broke off."""

_LABEL = re.compile(r"[\[(]?([^\W\d_][^\W_]*(?:[ .'#&-]{1,2}[^\W_]+){0,3})[\])]?:\s")
"""What may be a speaker's name ahead of the words, if it is in capitals."""

_MUSIC = ("♪", "♫", "♬", "♩")

_INNER_DASH = re.compile(rf"\s(?=[{_FORMATTING}]*(?:[{DASHES}]\s*[^\s{DASHES}]|>>))")
"""White space before a dash inside a line."""


_SEEN = 64
"""Characters that are looked at for the end of a sentence: its last word and what closes it."""


def speaker_dash(text: str) -> str:
    """Return the dash that a text begins with, with the space after it; empty for none."""
    match = _DASH.match(text)
    return match[0] if match else ""


def without_label(line: str) -> str:
    """Return a line without the speaker's name in capitals that it begins with."""
    match = _LABEL.match(line) if _is_labelled(line) else None
    return line[match.end() :] if match else line


def is_turn(line: str, before: str, first: str) -> bool:
    """Whether a line is another speaker's than the one before it.

    Args:
        line: of a caption.
        before: the line above it.
        first: the caption's first line.
    """
    if line.startswith(_MUSIC) and before.endswith(_MUSIC):
        return True
    if _is_labelled(line) and (_is_labelled(first) or ends_turn(before)):
        return True
    dash = speaker_dash(line)
    if not dash:
        return False
    if dash.endswith(">>") or speaker_dash(first):
        return True
    # A dash within a sentence may stand at the beginning of a line too.
    return ends_turn(before) or not line[len(dash) :][:1].islower()


def ends_turn(text: str) -> bool:
    """Whether a speaker may be done with a text: at the end of a sentence, or broken off."""
    bare = text.rstrip().rstrip(CLOSING_MARKS)
    words = bare.split()
    return bool(words) and (ends_sentence(words[-1]) or bare[-1] in DASHES + "♪♫")


def with_turns(lines: Sequence[str], breaks: Collection[int] = ()) -> list[list[str]]:
    """Return the lines of a caption in groups, one for each speaker's turn.

    Args:
        lines: none blank.
        breaks: indexes of lines that are known to begin a turn, whatever they look like.
    """
    groups: list[list[str]] = []
    for index, line in enumerate(lines):
        if not groups or index in breaks or is_turn(line, lines[index - 1], lines[0]):
            groups.append([line])
        else:
            groups[-1].append(line)
    return groups


def turns(text: str) -> list[str]:
    """Return the turns of a text, one for each speaker.

    Besides those that stand on lines of their own: a text that begins with a dash has a turn
    wherever a sentence has ended and a dash follows.
    """
    return [turn for line in text.split("\n") for turn in _turns_in_line(line)]


def turns_like(text: str, count: int) -> list[str]:
    """Return the turns of a translation whose source has so many.

    Lines and dashes that suit the number are believed though they would not suffice alone;
    otherwise the turns are those of `turns`.
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) == count:
        return lines
    found = [turn for line in lines for turn in _turns_in_line(line)]
    if len(found) == count:
        return found
    parts = [each.strip() for line in lines for each in _INNER_DASH.split(line) if each.strip()]
    return parts if len(parts) == count else found


def _is_labelled(line: str) -> bool:
    """Whether a line begins with a name, as captions for the deaf have it: ``MRS. REYES: ``."""
    match = _LABEL.match(line)
    return match is not None and match[1].isupper()


def _turns_in_line(line: str) -> list[str]:
    if not speaker_dash(line):
        return [line]
    parts: list[str] = []
    begin = 0
    for match in _INNER_DASH.finditer(line):
        dash = _DASH.match(line, match.end())
        if dash is None or not ends_turn(line[max(begin, match.start() - _SEEN) : match.start()]):
            continue
        if dash[0].endswith(">>") or not line[dash.end() : dash.end() + 1].islower():
            parts.append(line[begin : match.start()].rstrip())
            begin = match.end()
    return [*parts, line[begin:]]
