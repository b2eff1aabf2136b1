"""Roll-up captions: events that continue or repeat the text of the event before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from app.services.captions.caption_lines import CaptionLine, TimedLines, paragraph
from app.services.captions.raw_captions import RawCaption, TextRun

_ADJACENT_MS = 50
"""Longest gap between captions of one roll; also the longest of the moments in which lines only
move, which YouTube writes as captions of 10 ms."""

_MAX_LINES = 8


@dataclass(slots=True)
class _ContinuedCaption:
    """A caption that later events may still add text to."""

    caption: RawCaption
    runs: list[TextRun]
    end_ms: int | None

    def add(self, runs: Iterable[TextRun], end_ms: int | None) -> None:
        self.runs.extend(runs)
        if end_ms is not None:
            self.end_ms = max(end_ms, self.end_ms or end_ms)

    def close(self) -> RawCaption:
        return replace(
            self.caption,
            end_ms=self.end_ms,
            runs=tuple(self.runs),
            continues=False,
            window="",
        )


def join_continued(captions: Iterable[RawCaption]) -> list[RawCaption]:
    """Append continuing text to its caption, up to the line break that ends the line there.

    A word whose parts came in two events is rejoined; the later part keeps its time.
    """
    result: list[_ContinuedCaption] = []
    open_lines: dict[str, _ContinuedCaption] = {}
    for caption in captions:
        runs = list(caption.runs)
        line = open_lines.get(caption.window)
        if caption.continues:
            head, runs, ended = _split_at_break(list(_timed_runs(caption)))
            if line is not None:
                line.add(head, caption.end_ms)
            else:
                runs = head + runs
            if ended:
                open_lines.pop(caption.window, None)
        if runs:
            opened = _ContinuedCaption(caption, runs, caption.end_ms)
            result.append(opened)
            open_lines[caption.window] = opened
    return [opened.close() for opened in result]


def is_rolling(captions: Sequence[TimedLines], *, automatic: bool) -> bool:
    """Whether lines recur because they roll up, rather than because they are spoken again.

    Speakers repeat themselves now and then. Captions roll from beginning to end, so most of
    those that follow without a gap have to repeat text and add to it.

    Args:
        captions: sorted by start.
        automatic: whether a machine wrote them, as such tracks mostly roll; otherwise one caption
            that repeats another proves nothing.
    """
    adjacent = [pair for pair in pairwise(captions) if _is_adjacent(*pair)]
    signs = sum(1 for before, after in adjacent if _is_roll(before, after))
    return signs >= (1 if automatic else 2) and signs * 2 >= len(adjacent)


def unroll(captions: Sequence[TimedLines]) -> list[TimedLines]:
    """Return rolling captions with each line once, at its first appearance."""
    unrolled: list[TimedLines] = []
    before: TimedLines | None = None
    for caption in captions:
        lines = caption.lines
        if before is not None and _is_adjacent(before, caption):
            lines = _new_lines(before, caption)
        if lines:
            unrolled.append(replace(caption, lines=lines))
        before = caption
    return unrolled


def _timed_runs(caption: RawCaption) -> Iterator[TextRun]:
    """Yield a continuing caption's runs; the first is spoken when the caption appears."""
    for index, run in enumerate(caption.runs):
        is_first = index == 0 and run.start_ms is None and run.text.strip()
        yield TextRun(run.text, caption.start_ms) if is_first else run


def _split_at_break(runs: list[TextRun]) -> tuple[list[TextRun], list[TextRun], bool]:
    """Return the runs before the first line break, those after it, and whether there is one."""
    for index, run in enumerate(runs):
        before, newline, after = run.text.partition("\n")
        if not newline:
            continue
        head = [*runs[:index], TextRun(before, run.start_ms)]
        tail = [TextRun(after, run.start_ms), *runs[index + 1 :]]
        return head, tail if any(part.text.strip() for part in tail) else [], True
    return runs, [], False


def _is_adjacent(before: TimedLines, after: TimedLines) -> bool:
    return after.start_ms <= before.end_ms + _ADJACENT_MS


def _is_roll(before: TimedLines, after: TimedLines) -> bool:
    repeated = _repeated_lines(before.lines, after.lines)
    if repeated == len(after.lines):
        return after.end_ms - after.start_ms <= _ADJACENT_MS
    return repeated > 0 or bool(_added_text(before, after))


def _new_lines(before: TimedLines, after: TimedLines) -> tuple[CaptionLine, ...]:
    repeated = _repeated_lines(before.lines, after.lines)
    if repeated == 0 and (added := _added_text(before, after)):
        return (CaptionLine((TextRun(added),), added),)
    return after.lines[repeated:]


def _repeated_lines(before: Sequence[CaptionLine], after: Sequence[CaptionLine]) -> int:
    """Return how many of the first lines are the last ones of before; a timed line is new."""
    untimed = next((i for i, line in enumerate(after) if line.timed), len(after))
    for count in range(min(len(before), untimed, _MAX_LINES), 0, -1):
        if all(b.text == a.text for b, a in zip(before[-count:], after[:count], strict=True)):
            return count
    return 0


def _added_text(before: TimedLines, after: TimedLines) -> str:
    """Return the text that live captions, which grow by the word, append to the one before.

    Empty where the text does not begin with the whole one before.
    """
    if any(line.timed for line in after.lines):
        return ""
    old, new = paragraph(before.lines), paragraph(after.lines)
    return new[len(old) :].strip() if new.startswith(f"{old} ") else ""
