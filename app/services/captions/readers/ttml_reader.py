"""TTML (formerly DFXP): paragraphs whose times may be relative to their parents'."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from app.services.captions.raw_captions import RawCaption, RawTrack, TextRun
from app.services.captions.readers.timestamps import LATEST_MS, number_ms
from app.services.captions.readers.ttml_looks import annotate_looks
from app.services.captions.readers.xml_text import attribute, children, name_of, parse_xml

_CLOCK = re.compile(r"([0-9]{1,6}):([0-9]{1,3}):([0-9]{1,3})(?:(\.[0-9]{1,9})|:([0-9]{1,6}))?")
_OFFSET = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)(h|ms|m|s|f|t)")
_ROOT = re.compile(r"<(?:[A-Za-z0-9_]+:)?tt[\s>]")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class _TimeBase:
    """The units of a file's time expressions.

    Attributes:
        frame_ms: length of a frame.
        tick_ms: length of a tick.
    """

    frame_ms: float
    tick_ms: float

    def read(self, text: str | None) -> int | None:
        """Return a time expression in milliseconds; None where there is none, or no time.

        Source: W3C TTML1, section 10.3.1 (time value expressions).
        """
        text = (text or "").strip()
        if match := _CLOCK.fullmatch(text):
            hours, minutes, seconds, fraction, frames = match.groups()
            whole_s = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
            rest_ms = float(fraction or 0) * 1000 + int(frames or 0) * self.frame_ms
            return _in_range(whole_s * 1000 + rest_ms)
        if match := _OFFSET.fullmatch(text):
            units = {"h": 3.6e6, "m": 6e4, "s": 1e3, "ms": 1.0}
            units |= {"f": self.frame_ms, "t": self.tick_ms}
            return _in_range(float(match[1]) * units[match[2]])
        return None


@dataclass(frozen=True, slots=True)
class _Timing:
    """The display time of an element.

    Attributes:
        end_ms: None where neither it nor a parent sets one.
        own: whether the element itself is timed, rather than its parent.
    """

    start_ms: int
    end_ms: int | None
    own: bool = False


def looks_like_ttml(head: str) -> bool:
    """Whether a text begins like TTML."""
    return head.startswith("<") and _ROOT.search(head) is not None


def read_ttml(text: str) -> RawTrack:
    """Read a file.

    Source: W3C TTML1: paragraphs in divisions in a body, each timed within its parent
    (section 10.2), people named as agents (section 12).

    Raises:
        InvalidCaptionsError: not XML.
    """
    root = parse_xml(text)
    annotate_looks(root)
    names = dict(_agents(root))
    time_base = _time_base(root)
    body = next((child for child in children(root) if name_of(child) == "body"), root)
    captions = _captions(body, time_base, _Timing(0, None), names)
    return RawTrack(tuple(captions), attribute(root, "lang") or "")


def _captions(
    element: Element, time_base: _TimeBase, parent: _Timing, names: Mapping[str, str]
) -> Iterator[RawCaption]:
    begin = attribute(element, "begin")
    if begin is not None and time_base.read(begin) is None:
        return  # an unreadable time leaves no place to show it at
    timing = _timing(element, time_base, parent)
    if name_of(element) != "p":
        for child in children(element):
            yield from _captions(child, time_base, timing, names)
        return
    timed = list(_text_runs(element, time_base, timing))
    if not timing.own:
        starts = [run.start_ms for run, _ in timed if run.start_ms is not None]
        ends = [end_ms for _, end_ms in timed if end_ms is not None]
        timing = _Timing(
            min(starts, default=timing.start_ms), max(ends, default=None) or timing.end_ms
        )
    agent = attribute(element, "agent") or ""
    yield RawCaption(
        timing.start_ms,
        timing.end_ms,
        tuple(run for run, _ in timed),
        speaker=names.get(agent, agent) or None,
    )


def _timing(element: Element, time_base: _TimeBase, parent: _Timing) -> _Timing:
    begin_ms = time_base.read(attribute(element, "begin"))
    end_ms = time_base.read(attribute(element, "end"))
    duration_ms = time_base.read(attribute(element, "dur"))
    start_ms = parent.start_ms + (begin_ms or 0)
    own = begin_ms is not None or end_ms is not None or duration_ms is not None
    if end_ms is not None:
        return _Timing(start_ms, parent.start_ms + end_ms, own)
    if duration_ms is not None:
        return _Timing(start_ms, start_ms + duration_ms, own)
    return _Timing(start_ms, parent.end_ms, own)


def _text_runs(
    element: Element, time_base: _TimeBase, timing: _Timing, spoken_ms: int | None = None
) -> Iterator[tuple[TextRun, int | None]]:
    """Yield the text within, with the end of each run; spans may have times of their own."""
    yield TextRun(_SPACES.sub(" ", element.text or ""), spoken_ms), None
    for child in children(element):
        within = _timing(child, time_base, timing)
        begins = time_base.read(attribute(child, "begin")) is not None
        if name_of(child) == "br":
            yield TextRun("\n"), None
        elif name_of(child) != "metadata":
            for run, end_ms in _text_runs(
                child, time_base, within, within.start_ms if begins else spoken_ms
            ):
                yield run, within.end_ms if begins and end_ms is None else end_ms
        yield TextRun(_SPACES.sub(" ", child.tail or "")), None


def _agents(root: Element) -> Iterator[tuple[str, str]]:
    for element in root.iter():
        if name_of(element) == "agent" and (key := attribute(element, "id")):
            yield key, " ".join("".join(element.itertext()).split())


def _time_base(root: Element) -> _TimeBase:
    rate = number_ms(attribute(root, "frameRate")) or 30
    top, _, bottom = (attribute(root, "frameRateMultiplier") or "1 1").partition(" ")
    rate_hz = rate * (number_ms(top) or 1) / (number_ms(bottom) or 1)
    ticks_hz = number_ms(attribute(root, "tickRate")) or rate_hz
    return _TimeBase(1000 / max(1.0, abs(rate_hz)), 1000 / max(1.0, abs(ticks_hz)))


def _in_range(ms: float) -> int | None:
    return round(ms) if ms <= LATEST_MS else None
