"""Effects of SubStation scripts: layers, frames and syllables of lines that are there whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from app.services.captions.readers.substation_event import Event
from app.services.captions.readers.substation_pieces import join_pieces
from app.services.captions.reading_notices import ReadingNotices

_FRAME_MS = 50
"""Longest gap between two frames of one sign: a frame lasts 33 to 42 ms."""

_SHORT_MS = 250
"""Events as short as this are frames of an animation: nobody could read them alone."""

_TYPED_MS = 500
"""Longest state of a text that appears letter by letter."""

_TYPED_LETTERS = 12
"""Most letters that one state of such a text adds: a word."""

_LEAD_MS = 2000
"""How long before and after a sung line its syllables may be shown."""

_BUCKET_MS = 10_000
_MOST_BUCKETS = 64
_MOST_COMPARED = 64


def without_effects(events: Sequence[Event], notices: ReadingNotices) -> list[Event]:
    """Return each text that is shown once, sorted by its begin.

    Args:
        events: dialogues and comments, in the file's order.
        notices: take what is left out or repaired.
    """
    shown = sorted(
        (event for event in events if not event.is_comment), key=lambda event: event.start_ms
    )
    whole = list(_without_syllables(shown, events, notices))
    once = _merged(sorted(whole, key=lambda event: event.start_ms), notices)
    return sorted(_typed(once, notices), key=lambda event: event.start_ms)


def _without_syllables(
    shown: Sequence[Event], events: Sequence[Event], notices: ReadingNotices
) -> Iterator[Event]:
    """Yield lines without what templates have made of them (``fx``), or made whole again."""
    lines = _TimeIndex(event for event in shown if not _is_made(event))
    sources = _TimeIndex(event for event in events if event.is_comment and _is_song_source(event))
    restored: set[int] = set()
    pieces: list[Event] = []
    for event in shown:
        if _is_line_of(lines, event) is not None:
            notices.left_out("Effects of a line that is there whole", f"line {event.line}")
        elif not _is_made(event):
            yield event
        elif (source := _is_line_of(sources, event)) is None:
            pieces.append(event)
        elif source.line not in restored:
            restored.add(source.line)
            what = "Lines that are shown in syllables, taken from the comment they were made of"
            notices.repaired(what, f"line {source.line}")
            yield replace(source, is_comment=False)
    yield from join_pieces(pieces, notices)


def _is_made(event: Event) -> bool:
    """Whether a template has made an event. Source: Aegisub's manual, "Karaoke Templater"."""
    return event.effect == "fx" or event.effect.startswith("fx ")


def _is_song_source(event: Event) -> bool:
    """Whether a comment is a line that a template makes syllables of."""
    if event.effect.startswith(("template", "code")):
        return False
    return event.effect == "karaoke" or event.text.is_karaoke


def _is_line_of(lines: _TimeIndex, piece: Event) -> Event | None:
    """Return the line that an event is a part of; None where it is none."""
    text = _compact(piece)
    if not _is_made(piece) and piece.text.place is None and not piece.text.is_karaoke:
        return None
    for line in lines.near(piece):
        if line.line != piece.line and text in _compact(line) and _holds(line, piece):
            return line
    return None


def _holds(line: Event, piece: Event) -> bool:
    """Whether a piece of a line's text is its effect rather than a text of its own."""
    if _is_made(piece):
        return True
    return (
        line.style == piece.style
        and line.text.place is None
        and len(line.plain) > len(piece.plain)
        and line.start_ms <= piece.start_ms
        and piece.end_ms <= line.end_ms
    )


class _TimeIndex:
    """Events by when they are shown."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._buckets: dict[int, list[Event]] = defaultdict(list)
        for event in events:
            first = max(0, event.start_ms - _LEAD_MS) // _BUCKET_MS
            last = (event.end_ms + _LEAD_MS) // _BUCKET_MS
            for bucket in range(first, min(last, first + _MOST_BUCKETS) + 1):
                self._buckets[bucket].append(event)

    def near(self, event: Event) -> Iterator[Event]:
        """Yield events that are shown while another is, or shortly before or after it."""
        bucket = self._buckets.get(max(0, event.start_ms) // _BUCKET_MS, ())
        for each in bucket[-_MOST_COMPARED:] if len(bucket) > _MOST_COMPARED else bucket:
            if each.start_ms - _LEAD_MS <= event.start_ms <= each.end_ms + _LEAD_MS:
                yield each


def _compact(event: Event) -> str:
    return "".join(event.text.plain.split())


def _merged(events: Iterable[Event], notices: ReadingNotices) -> list[Event]:
    """Return events with those of one text that are shown together as one."""
    merged: list[Event] = []
    last: dict[str, int] = {}
    for event in events:
        at = last.get(event.plain)
        if at is not None and _is_same(merged[at], event):
            notices.left_out("Layers and frames of one text, shown once", f"line {event.line}")
            merged[at] = replace(merged[at], end_ms=max(merged[at].end_ms, event.end_ms))
        else:
            last[event.plain] = len(merged)
            merged.append(event)
    return merged


def _is_same(before: Event, after: Event) -> bool:
    """Whether two events of equal text are one on the screen."""
    shared_ms = min(before.end_ms, after.end_ms) - after.start_ms
    if shared_ms * 2 >= min(before.duration_ms, after.duration_ms):
        return True
    dressed = any(each.text.place is not None or each.text.is_typeset for each in (before, after))
    is_frame = min(before.duration_ms, after.duration_ms) <= _SHORT_MS
    highlighted = before.text.marked != after.text.marked
    return shared_ms >= -_FRAME_MS and (dressed or is_frame or highlighted)


def _typed(events: Sequence[Event], notices: ReadingNotices) -> Iterator[Event]:
    """Yield events with texts that appear letter by letter as one, whole."""
    latest: dict[str, tuple[Event, int]] = {}
    for event in events:
        before, state_ms = latest.get(event.style, (None, 0))
        latest[event.style] = (event, event.duration_ms)
        if before is None:
            continue
        if _goes_on(before, state_ms, event):
            notices.left_out("States of a text that appears in letters", f"line {event.line}")
            longer = event if len(event.plain) >= len(before.plain) else before
            whole = replace(longer, start_ms=before.start_ms, end_ms=event.end_ms)
            latest[event.style] = (whole, event.duration_ms)
        else:
            yield before
    yield from (event for event, _ in latest.values())


def _goes_on(before: Event, state_ms: int, after: Event) -> bool:
    """Whether a text is the one before with more or fewer letters at its end.

    Args:
        before: the text so far.
        state_ms: how long it was shown as it is now.
        after: the event that follows.
    """
    if abs(after.start_ms - before.end_ms) > _FRAME_MS:
        return False
    if after.plain.startswith(before.plain):
        added = len(after.plain) - len(before.plain)
        return state_ms <= _TYPED_MS and 0 < added <= _TYPED_LETTERS
    return before.plain.startswith(after.plain) and after.duration_ms <= _SHORT_MS
