"""Bilingual cues: two files of one recording in one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.domain.style import Runs, divided, joined
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.domain.written_cue import WrittenCue
from app.services.layout.line_breaks import fits
from app.services.layout.segment_words import words_of
from app.services.layout.tokens import join_texts
from app.services.stages.bilingual_links import linked_cues
from app.system.bounded_work import work_on


@dataclass(frozen=True, slots=True)
class WrittenLanguage:
    """Cues of one language, sorted by start.

    Attributes:
        tag: BCP 47.
    """

    cues: Sequence[WrittenCue]
    tag: str


@dataclass(slots=True)
class _Group:
    """Cues of both files that are shown at one time."""

    first: list[WrittenCue]
    second: list[WrittenCue]


def merge_languages(
    first: WrittenLanguage, second: WrittenLanguage, profile: ReadingProfile
) -> list[Cue]:
    """Return cues that show the texts of two files together.

    Cues that are on screen together become one, in the time of the first file. Where the files
    divide their text otherwise, several cues of one language stand beside one of the other: they
    become one cue if that fits the profile, else the longer text is divided among the cues of the
    other by its words' times, which they share by their width. A cue that has no counterpart stays
    alone.

    Args:
        first: the language that stands above, with the times that count.
        second: the language below.
        profile: limits a cue that several are joined in.

    Returns:
        Cues with ids from 0, sorted by start; ``text`` is the first language's, ``translation`` the
        second one's, and either may be empty, never both. All words of both are there, in order.
    """
    cues: list[Cue] = []
    for group in _groups(first.cues, second.cues):
        cues.extend(_cues(group, first.tag, second.tag, profile))
    ordered = sorted(cues, key=lambda cue: cue.span)
    return [replace(cue, id=number) for number, cue in enumerate(ordered)]


def _groups(first: Sequence[WrittenCue], second: Sequence[WrittenCue]) -> list[_Group]:
    """Return the cues of both files in groups that belong together, in order."""
    groups = [_Group([cue], []) for cue in first]
    owner = list(range(len(first)))
    alone: list[_Group] = []
    for cue, linked in zip(second, linked_cues(first, second), strict=True):
        if not linked:
            alone.append(_Group([], [cue]))
            continue
        target = groups[owner[linked[0]]]
        for index in linked[1:]:
            other = groups[owner[index]]
            if other is not target:
                target.first += other.first
                target.second += other.second
                other.first, other.second = [], []
                for moved in range(linked[0], index + 1):
                    if groups[owner[moved]] is other:
                        owner[moved] = owner[linked[0]]
        target.second.append(cue)
    return [group for group in (*groups, *alone) if group.first or group.second]


def _cues(group: _Group, tag: str, other_tag: str, profile: ReadingProfile) -> Iterator[Cue]:
    first = sorted(group.first, key=lambda cue: cue.start_ms)
    second = sorted(group.second, key=lambda cue: cue.start_ms)
    alone = len(first) <= 1 and len(second) <= 1
    if alone or _joins(first, second, tag, other_tag, profile):
        yield _cue(first, second, tag)
    elif len(first) >= len(second):
        parts = _distributed(second, [_span(cue) for cue in first], other_tag, profile)
        for cue, part in zip(first, parts, strict=True):
            yield _cue([cue], [part] if part.lines else [], tag)
    else:
        parts = _distributed(first, [_span(cue) for cue in second], tag, profile)
        for cue, part in zip(second, parts, strict=True):
            yield _cue([part] if part.lines else [], [cue], tag)


def _joins(
    first: Sequence[WrittenCue],
    second: Sequence[WrittenCue],
    tag: str,
    other_tag: str,
    profile: ReadingProfile,
) -> bool:
    """Whether all cues of a group fit into one."""
    leading = first or second
    length_ms = max(cue.end_ms for cue in leading) - leading[0].start_ms
    return length_ms <= profile.max_duration_ms and all(
        fits(_text(cues), profile.in_language(own))
        for cues, own in ((first, tag), (second, other_tag))
        if cues
    )


def _span(cue: WrittenCue) -> Span:
    start_ms = max(0, cue.start_ms)
    return Span(start_ms, max(start_ms + 1, cue.end_ms))


def _text(cues: Sequence[WrittenCue]) -> str:
    """Return the text of cues that become one; a single one keeps its lines."""
    if len(cues) == 1:
        return cues[0].text
    return join_texts([join_texts(cue.lines) for cue in cues if cue.lines])


def _runs(cues: Sequence[WrittenCue]) -> Runs:
    return joined((cue.text, cue.runs) for cue in cues)


def _cue(first: Sequence[WrittenCue], second: Sequence[WrittenCue], tag: str) -> Cue:
    leading = first or second
    spans = [_span(cue) for cue in leading]
    placements = {cue.placement for cue in leading}
    speakers = {cue.speaker for cue in (*first, *second)} - {None}
    return Cue(
        0,
        Span(spans[0].start_ms, max(span.end_ms for span in spans)),
        _text(first) if first else "",
        _text(second) if second else None,
        speakers.pop() if len(speakers) == 1 else None,
        tag,
        placement=placements.pop() if len(placements) == 1 else None,
        runs=_runs(first),
        translation_runs=_runs(second),
        lane=leading[0].lane,
    )


def _distributed(
    cues: Sequence[WrittenCue], spans: Sequence[Span], tag: str, profile: ReadingProfile
) -> list[WrittenCue]:
    """Divide the words of cues among spans by their times."""
    words = [word for cue in cues for word in _words(cue, tag, profile)]
    texts: list[list[Word]] = [[] for _ in spans]
    place = 0
    for word in words:
        middle_ms = (word.span.start_ms + word.span.end_ms) // 2
        while place + 1 < len(spans) and middle_ms >= spans[place + 1].start_ms:
            place += 1
        texts[place].append(word)
    lines = ["".join(_with_space(own)) for own in texts]
    runs = divided(_runs(cues), lines)
    return [
        WrittenCue(0, span.start_ms, span.end_ms, (line,) if line else (), runs=own)
        for span, line, own in zip(spans, lines, runs, strict=True)
    ]


def _words(cue: WrittenCue, tag: str, profile: ReadingProfile) -> list[Word]:
    text = join_texts(cue.lines) if cue.lines else ""
    return words_of(Segment(text, _span(cue), (), tag), profile.in_language(tag))


def _with_space(words: Sequence[Word]) -> Iterator[str]:
    for index, word in enumerate(words):
        yield word.text if word.glued or not index else f" {word.text}"


async def merge_bounded(
    first: WrittenLanguage, second: WrittenLanguage, profile: ReadingProfile
) -> list[Cue]:
    """Merge two files where it delays nothing else; see `merge_languages`.

    Raises:
        TooMuchWorkError: it takes more memory or time than it may.
    """
    cues = (*first.cues, *second.cues)
    chars = sum(len(cue.text) + _CUE_CHARS for cue in cues)
    return await work_on(
        _merged, cues, len(first.cues), first.tag, second.tag, profile, chars=chars
    )


_CUE_CHARS = 160
"""Work on a cue takes about as long as reading so much text."""


def _merged(
    cues: list[WrittenCue], count: int, tag: str, other_tag: str, profile: ReadingProfile
) -> Iterator[Cue]:
    first = WrittenLanguage(_ordered(cues[:count]), tag)
    second = WrittenLanguage(_ordered(cues[count:]), other_tag)
    yield from merge_languages(first, second, profile)


def _ordered(cues: Sequence[WrittenCue]) -> list[WrittenCue]:
    """Return the cues that have a text, sorted, each ending after it starts."""
    shown = [replace(cue, end_ms=max(cue.end_ms, cue.start_ms + 1)) for cue in cues if cue.lines]
    return sorted(shown, key=lambda cue: cue.start_ms)
