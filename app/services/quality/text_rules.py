"""Rules of text: spelling, marks, numbers, markup, characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.domain.style import ink_length
from app.domain.text import ends_sentence
from app.domain.written_cue import WrittenCue
from app.services.quality.quality_rule import CheckedTrack, Fault, QualityRule, flat_text
from app.services.sdh.speaker_labels import SpeakerLabels

_SHOWN_CHARS = 40
"""Of an offending text that a report quotes."""

_DOUBLED = re.compile(r"(?<![ \t])[ \t]{2}|\t")
_AT_EDGE = re.compile(r"(?:^|\n)[ \t](?=\S)|(?<=\S)[ \t](?:\n|$)")
_BEFORE_MARK = re.compile(r"(?<=[^\W_]) (?=[,.](?:\s|$))")
_BEFORE_HIGH_MARK = re.compile(r"(?<=[^\W_]) (?=[!?;:](?:\s|$))")
_DOTS = re.compile(r"\.\.|\. \. \.")
_TAG = re.compile(r"<(/?)(i|b|u|s|font|c|v|ruby|rt|lang|em|strong)\b[^<>]{0,200}>", re.IGNORECASE)
_LEFTOVER = re.compile(r"</?[A-Za-z][^<>]{0,80}>|\{\\[^{}]{0,80}\}|&(?:[a-z]{2,8}|#[0-9]{1,6});")
_SMALL_NUMBER = re.compile(r"(?<![\w.,:/$£€#-])(?:10|[1-9])(?![\w:/%°-]|[.,][0-9])")
_NUMBER = re.compile(r"[0-9]+")
_FIGURE = re.compile(r"[0-9]+(?:[.,:][0-9]+)*")
"""A whole figure: behind the point of a decimal fraction no sentence begins."""

_GERSHAYIM = re.compile(r'(?<=[\u05d0-\u05ea])"(?=[\u05d0-\u05ea])')
"""Straight quotation mark within a Hebrew abbreviation, for the sign that keyboards lack."""

_INCHES = re.compile(r'(?<=[0-9])"(?!\w)')

_BRACKETED = re.compile(r"\[[^\[\]]{1,80}\]")
"""Label of a speaker, ``[Speaker 2]``, or a sound."""

_UNIT_WORDS = """
percent % am pm a.m. p.m. kg g km m cm mm l ml lb lbs oz ft mph kph miles meters metres feet
inches pounds dollars cents euros degrees x o'clock million billion thousand
"""
_COUNTED_WORDS = "number no. chapter page season episode part act room flight level"
_UNITS = frozenset(_UNIT_WORDS.split())
_COUNTED = frozenset(_COUNTED_WORDS.split())
"""Words around figures that stay figures. Source: Netflix English Timed Text Style Guide,
"Numbers"."""

_SPELLED_UNTIL = 10
_FRENCH_SPACES = frozenset({"fr"})
_BRACKETS = {
    "(": ")",
    "[": "]",
    "{": "}",
    "（": "）",
    "［": "］",
    "【": "】",
    "「": "」",
    "『": "』",
}
_QUOTES = {"“": "”", "«": "»", "„": "“"}
_OPEN_CUES = 6
"""Cues after which a bracket that is still open will not be closed."""

_MUSIC = "♪♫♬♩"
_REPEAT_MS = 1000


def _empty_text(track: CheckedTrack) -> Iterator[Fault]:
    for cue in track.cues:
        if not any(char.isalnum() or not char.isspace() for line in cue.lines for char in line):
            yield Fault(cue.number)


def _spaces(track: CheckedTrack) -> Iterator[Fault]:
    patterns = [_DOUBLED, _AT_EDGE, _BEFORE_MARK]
    if track.base_language not in _FRENCH_SPACES:
        patterns.append(_BEFORE_HIGH_MARK)
    for cue in track.cues:
        text = cue.markup or cue.text
        match = next((each for each in (p.search(text) for p in patterns) if each), None)
        if match is not None:
            yield Fault(cue.number, _quoted(text, match.start()))


def _quoted(text: str, place: int) -> str:
    return text[max(0, place - _SHOWN_CHARS // 2) : place + _SHOWN_CHARS // 2]


def _ellipsis(track: CheckedTrack) -> Iterator[Fault]:
    for cue in track.cues:
        if (match := _DOTS.search(cue.text)) is not None:
            yield Fault(cue.number, _quoted(cue.text, match.start()))


@dataclass(slots=True)
class _OpenMark:
    mark: str
    cue: int
    index: int


def _brackets(track: CheckedTrack) -> Iterator[Fault]:
    """Yield cues with a bracket or quotation mark whose other half is missing.

    What a cue opens may be closed by one of the next few.
    """
    open_marks: list[_OpenMark] = []
    for index, cue in enumerate(track.by_time):
        while open_marks and index - open_marks[0].index > _OPEN_CUES:
            yield Fault(open_marks[0].cue, open_marks.pop(0).mark)
        for char in _without_other_marks(cue.text, open_marks):
            if _closes(char, open_marks):
                open_marks.pop()
            elif char == '"' and any(each.mark == '"' for each in open_marks):
                open_marks = [each for each in open_marks if each.mark != '"']
            elif char in _BRACKETS or char in _QUOTES or char == '"':
                open_marks.append(_OpenMark(char, cue.number, index))
                del open_marks[:-_DEEPEST]
            elif char in _CLOSING_BRACKETS and not _is_enumeration(cue.text):
                yield Fault(cue.number, char)
    for mark in open_marks:
        if mark.mark in _BRACKETS or mark.mark == '"':
            yield Fault(mark.cue, mark.mark)


def _without_other_marks(text: str, open_marks: Sequence[_OpenMark]) -> str:
    """Return a text without straight quotation marks that quote nothing: ``ד"ר``, ``5'10"``.

    One behind a figure closes what is quoted, where there is an odd number of others.
    """
    bare = _GERSHAYIM.sub("", text)
    is_open = any(each.mark == '"' for each in open_marks)
    without_inches = _INCHES.sub("", bare)
    return bare if (without_inches.count('"') + is_open) % 2 else without_inches


_CLOSING_BRACKETS = frozenset(_BRACKETS.values())
_DEEPEST = 64


def _closes(char: str, open_marks: Sequence[_OpenMark]) -> bool:
    if not open_marks:
        return False
    opening = open_marks[-1].mark
    return char in (_BRACKETS.get(opening), _QUOTES.get(opening))


def _is_enumeration(text: str) -> bool:
    """Whether a bracket closes the number of a list, ``1)``, or makes a face."""
    before, _, _ = text.partition(")")
    return before[-1:] in ":;-" or before.strip().isalnum()


def _markup(track: CheckedTrack) -> Iterator[Fault]:
    for cue in track.cues:
        if (match := _LEFTOVER.search(cue.text)) is not None:
            yield Fault(cue.number, match[0][:_SHOWN_CHARS])
        elif (tag := _unpaired(cue.markup)) is not None:
            yield Fault(cue.number, tag)


def _unpaired(markup: str) -> str | None:
    """Return a tag that is opened and not closed, or closed and not opened; None for none."""
    open_tags: list[str] = []
    for match in _TAG.finditer(markup):
        name = match[2].lower()
        if not match[1]:
            open_tags.append(name)
        elif name in open_tags:
            open_tags.remove(name)
        else:
            return match[0]
    # WebVTT closes a voice by the end of the cue.
    return next((f"<{name}>" for name in open_tags if name not in ("v", "c", "lang", "rt")), None)


def _italics(track: CheckedTrack) -> Iterator[Fault]:
    for cue in track.cues:
        if any(run.style.italic for run in cue.runs):
            yield Fault(cue.number, sum(r.end - r.start for r in cue.runs if r.style.italic))


def _spelled_numbers(track: CheckedTrack) -> Iterator[Fault]:
    labels = SpeakerLabels(line for cue in track.cues for line in cue.lines)
    for cue in track.cues:
        text = _BRACKETED.sub("", flat_text(cue))
        if (label := labels.find(text)) is not None:
            text = text[label.end :]
        if any(int(n[0][:9]) > _SPELLED_UNTIL for n in _NUMBER.finditer(text)):
            continue
        for match in _SMALL_NUMBER.finditer(text):
            before = text[: match.start()].split()[-1:]
            after = text[match.end() :].split(maxsplit=1)[:1]
            words = {word.casefold().rstrip(",!?") for word in (*before, *after)}
            if not words & (_UNITS | _COUNTED) and not _begins_sentence(text, match.start()):
                yield Fault(cue.number, _quoted(text, match.start()))
                break


def _number_at_start(track: CheckedTrack) -> Iterator[Fault]:
    for before, cue in _with_text_before(track):
        text = flat_text(cue)
        for match in _FIGURE.finditer(text):
            ahead = text[: match.start()]
            begins = _begins_sentence(text, match.start())
            if begins and (ahead.strip() or not before or ends_sentence(before)):
                yield Fault(cue.number, _quoted(text, match.start()))
                break


def _with_text_before(track: CheckedTrack) -> Iterator[tuple[str, WrittenCue]]:
    before = ""
    for cue in track.by_time:
        yield before, cue
        before = flat_text(cue)


def _begins_sentence(text: str, place: int) -> bool:
    words = text[:place].rstrip(' -–—"“«([').split()
    return not words or ends_sentence(words[-1])


def _glyphs(track: CheckedTrack) -> Iterator[Fault]:
    for cue in track.cues:
        wrong = next((char for char in cue.text if _is_unshown(char)), None)
        if wrong is not None:
            yield Fault(cue.number, f"U+{ord(wrong):04X}")


def _is_unshown(char: str) -> bool:
    """Whether a character has no form in any font, or stands for one that was lost."""
    if char.isascii():
        return char < " " and char != "\n"
    return char == "\ufffd" or unicodedata.category(char) in ("Cc", "Co", "Cn", "Cs")


def _music(track: CheckedTrack) -> Iterator[Fault]:
    for cue in track.cues:
        text = flat_text(cue)
        signs = [char for char in text if char in _MUSIC]
        if len(signs) == 1 and ink_length(text) > 1:
            yield Fault(cue.number, text[:_SHOWN_CHARS])


def _repeated(track: CheckedTrack) -> Iterator[Fault]:
    for before, cue in pairwise(track.by_time):
        same = before.lines and before.lines == cue.lines
        if same and cue.start_ms - before.end_ms < _REPEAT_MS:
            yield Fault(cue.number, cue.text[:_SHOWN_CHARS])


def _is_english(track: CheckedTrack) -> bool:
    return track.base_language == "en" and track.is_netflix


TEXT_RULES = (
    QualityRule("empty_text", "every cue has a text", _empty_text),
    QualityRule("markup", "tags are closed, and none is left in the text", _markup),
    QualityRule("glyphs", "every character can be shown", _glyphs),
    QualityRule(
        "italics", "no italics where the script has none", _italics, unit="characters",
        applies=lambda track: not track.profile.italics,
    ),
    QualityRule(
        "spaces", "no doubled spaces, none at the edges or before a mark", _spaces,
        severity="advice",
    ),
    QualityRule(
        "ellipsis", "an ellipsis is one character", _ellipsis, severity="advice",
        applies=lambda track: track.is_netflix,
    ),
    QualityRule(
        "brackets", "brackets and quotation marks are closed", _brackets, severity="advice"
    ),
    QualityRule(
        "spelled_numbers", "numbers up to this one are spelled out", _spelled_numbers,
        lambda _: float(_SPELLED_UNTIL), severity="advice", applies=_is_english,
    ),
    QualityRule(
        "number_at_start", "a number that begins a sentence is spelled out", _number_at_start,
        severity="advice", applies=_is_english,
    ),
    QualityRule(
        "music", "what is sung stands between two music signs", _music, severity="advice"
    ),
    QualityRule(
        "repeated_text", "no cue repeats the one before it", _repeated, severity="advice"
    ),
)  # fmt: skip
"""Rules of text. Source: Netflix Timed Text Style Guides, General Requirements and English."""
