"""TTML and its forebear DFXP: paragraphs with times that may count from their parents'."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from app.services.captions.raw_captions import RawCaption, RawTrack, TextPiece
from app.services.captions.readers.timestamps import LATEST_MS, number_ms
from app.services.captions.readers.xml_text import attribute, children, name_of, parse_xml

_CLOCK = re.compile(r"([0-9]{1,6}):([0-9]{1,3}):([0-9]{1,3})(?:(\.[0-9]{1,9})|:([0-9]{1,6}))?")
_OFFSET = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)(h|ms|m|s|f|t)")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class _Clock:
    """How a file counts time.

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
class _Shown:
    """When an element shows.

    Attributes:
        end_ms: None where nothing sets one.
        own: whether the element says so itself, rather than its parent.
    """

    start_ms: int
    end_ms: int | None
    own: bool = False


def read_ttml(text: str) -> RawTrack:
    """Read a file.

    Source: W3C TTML1: paragraphs in divisions in a body, each timed within its parent
    (section 10.2), people named as agents (section 12).

    Raises:
        InvalidCaptionsError: not XML.
    """
    root = parse_xml(text)
    names = dict(_agents(root))
    clock = _clock(root)
    body = next((child for child in children(root) if name_of(child) == "body"), root)
    captions = _captions(body, clock, _Shown(0, None), names)
    return RawTrack(tuple(captions), attribute(root, "lang") or "")


def _captions(
    element: Element, clock: _Clock, parent: _Shown, names: Mapping[str, str]
) -> Iterator[RawCaption]:
    begin = attribute(element, "begin")
    if begin is not None and clock.read(begin) is None:
        return  # nobody knows when it shows
    shown = _shown(element, clock, parent)
    if name_of(element) != "p":
        for child in children(element):
            yield from _captions(child, clock, shown, names)
        return
    timed = list(_pieces(element, clock, shown))
    if not shown.own:
        starts = [piece.start_ms for piece, _ in timed if piece.start_ms is not None]
        ends = [end_ms for _, end_ms in timed if end_ms is not None]
        shown = _Shown(min(starts, default=shown.start_ms), max(ends, default=None) or shown.end_ms)
    agent = attribute(element, "agent") or ""
    yield RawCaption(
        shown.start_ms,
        shown.end_ms,
        tuple(piece for piece, _ in timed),
        speaker=names.get(agent, agent) or None,
    )


def _shown(element: Element, clock: _Clock, parent: _Shown) -> _Shown:
    begin_ms = clock.read(attribute(element, "begin"))
    end_ms = clock.read(attribute(element, "end"))
    duration_ms = clock.read(attribute(element, "dur"))
    start_ms = parent.start_ms + (begin_ms or 0)
    own = begin_ms is not None or end_ms is not None or duration_ms is not None
    if end_ms is not None:
        return _Shown(start_ms, parent.start_ms + end_ms, own)
    if duration_ms is not None:
        return _Shown(start_ms, start_ms + duration_ms, own)
    return _Shown(start_ms, parent.end_ms, own)


def _pieces(
    element: Element, clock: _Clock, shown: _Shown, said_ms: int | None = None
) -> Iterator[tuple[TextPiece, int | None]]:
    """Yield the text within, with the end of each piece; spans may have times of their own."""
    yield TextPiece(_SPACES.sub(" ", element.text or ""), said_ms), None
    for child in children(element):
        within = _shown(child, clock, shown)
        begins = clock.read(attribute(child, "begin")) is not None
        if name_of(child) == "br":
            yield TextPiece("\n"), None
        elif name_of(child) != "metadata":
            for piece, end_ms in _pieces(
                child, clock, within, within.start_ms if begins else said_ms
            ):
                yield piece, within.end_ms if begins and end_ms is None else end_ms
        yield TextPiece(_SPACES.sub(" ", child.tail or "")), None


def _agents(root: Element) -> Iterator[tuple[str, str]]:
    for element in root.iter():
        if name_of(element) == "agent" and (key := attribute(element, "id")):
            yield key, " ".join("".join(element.itertext()).split())


def _clock(root: Element) -> _Clock:
    rate = number_ms(attribute(root, "frameRate")) or 30
    top, _, bottom = (attribute(root, "frameRateMultiplier") or "1 1").partition(" ")
    rate_hz = rate * (number_ms(top) or 1) / (number_ms(bottom) or 1)
    ticks_hz = number_ms(attribute(root, "tickRate")) or rate_hz
    return _Clock(1000 / max(1.0, abs(rate_hz)), 1000 / max(1.0, abs(ticks_hz)))


def _in_range(ms: float) -> int | None:
    return round(ms) if ms <= LATEST_MS else None
