"""Time intervals of TTML's elements."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from app.services.captions.readers.ttml_style import Styles, is_hiding
from app.services.captions.readers.ttml_time import TimeUnits
from app.services.captions.readers.xml_text import attribute, children, name_of, place_of
from app.services.captions.reading_notices import ReadingNotices

UNBOUNDED = math.inf


@dataclass(frozen=True, slots=True)
class Interval:
    """The time of an element.

    Attributes:
        begin_ms: when it begins.
        end_ms: when it ends, at the latest when its parent does; infinite where nothing ends it.
        is_own: whether the element itself is timed, rather than its parent.
        own_end: whether it has an end or a duration of its own.
    """

    begin_ms: float
    end_ms: float
    is_own: bool = False
    own_end: bool = False

    @property
    def duration_ms(self) -> float:
        """Length of the interval."""
        return self.end_ms - self.begin_ms

    def within(self, other: Interval) -> Interval:
        """Return the part that lies in another interval."""
        begin_ms, end_ms = max(self.begin_ms, other.begin_ms), min(self.end_ms, other.end_ms)
        return Interval(begin_ms, end_ms, self.is_own, self.own_end)


class Timer:
    """Reads the times of elements.

    Args:
        units: of the file.
        notices: take the times that cannot be read or had to be repaired.
    """

    def __init__(self, units: TimeUnits, notices: ReadingNotices) -> None:
        self._units = units
        self._notices = notices

    def interval(self, element: Element, reference_ms: float, parent: Interval) -> Interval:
        """Return an element's interval.

        Source: W3C TTML1, section 10.2: begin and end count from the parent's begin, or in a
        sequence from the end of the element before; an element with end and duration ends with
        the earlier of them; nothing outlasts its parent.

        Args:
            element: any element of the body.
            reference_ms: what its times count from.
            parent: its parent's interval.
        """
        begin_ms, end_ms, length_ms = (self._read(element, key) for key in ("begin", "end", "dur"))
        start_ms = reference_ms + (begin_ms or 0.0)
        ends = [] if end_ms is None else [reference_ms + end_ms]
        ends += [] if length_ms is None else [start_ms + length_ms]
        if ends and min(ends) <= start_ms:
            self._notices.repaired("Ends that do not follow their begin", place_of(element))
            ends = []
        return Interval(
            start_ms,
            min([*ends, parent.end_ms]),
            is_own=begin_ms is not None or bool(ends),
            own_end=bool(ends),
        )

    def is_readable(self, element: Element, name: str) -> bool:
        """Whether an element's time is absent or can be read."""
        text = (attribute(element, name) or "").strip()
        return not text or self._units.read(text) is not None

    def _read(self, element: Element, name: str) -> float | None:
        text = (attribute(element, name) or "").strip()
        if not text:
            return None
        value = self._units.read(text)
        if value is None:
            if name != "begin":
                self._notices.repaired(
                    "Ends that cannot be read", f"{place_of(element)}: {text[:20]}"
                )
            return None
        if value.doubt:
            self._notices.repaired(value.doubt, f"{place_of(element)}: {text[:20]}")
        return value.ms


def shown_interval(
    element: Element, styles: Styles, timer: Timer, own: Interval
) -> Interval | None:
    """Return when an element can be seen; None for never.

    Args:
        element: its styles and the ``set`` elements within are looked at.
        styles: of the document.
        timer: reads the times of ``set``.
        own: its interval. What ``set`` hides in between stays, since it blinks.
    """
    animations = [
        (timer.interval(child, own.begin_ms, own), is_hiding(*_values(child)))
        for child in children(element)
        if name_of(child) == "set" and any(value is not None for value in _values(child))
    ]
    if not styles.is_hidden(element):
        left = own
        for interval, hides in animations:
            left = _without(left, interval) if hides else left
        return left if left is own or left.begin_ms < left.end_ms else None
    return _enclosing_interval(
        [interval.within(own) for interval, hides in animations if not hides]
    )


def _values(element: Element) -> tuple[str | None, str | None, str | None]:
    return (
        attribute(element, "display"),
        attribute(element, "visibility"),
        attribute(element, "opacity"),
    )


def _without(whole: Interval, part: Interval) -> Interval:
    """Return an interval without a part at its beginning or its end."""
    if part.begin_ms <= whole.begin_ms and part.end_ms > whole.begin_ms:
        return Interval(part.end_ms, whole.end_ms, whole.is_own, whole.own_end)
    if part.end_ms >= whole.end_ms and part.begin_ms < whole.end_ms:
        return Interval(whole.begin_ms, part.begin_ms, whole.is_own, own_end=True)
    return whole


def _enclosing_interval(parts: Iterable[Interval]) -> Interval | None:
    parts = [part for part in parts if part.begin_ms < part.end_ms]
    if not parts:
        return None
    begin_ms, end_ms = min(part.begin_ms for part in parts), max(part.end_ms for part in parts)
    return Interval(begin_ms, end_ms, is_own=True, own_end=True)
