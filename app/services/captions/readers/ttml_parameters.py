"""Parameters of TTML files that their times depend on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from xml.etree.ElementTree import Element

from app.services.captions.readers.timestamps import LATEST_MS
from app.services.captions.readers.ttml_time import DropMode, TimeUnits
from app.services.captions.readers.xml_text import attribute

_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")
_RATIO = re.compile(r"[\s:/,]")
_LONGEST_CAPTION_S = 60
"""Captions that last longer than this by the median were not timed in seconds."""

_MICROSOFT_TICKS_HZ = 10_000_000
"""Ticks of 100 ns, as .NET counts them and files of its tools do without saying so."""


def time_units(root: Element) -> TimeUnits:
    """Return the units that a file declares, with the defaults that TTML gives the others.

    Source: W3C TTML1, section 6.2 (parameter attributes).
    """
    times = list(_times(root))
    rate, ticks = _number(attribute(root, "frameRate")), _number(attribute(root, "tickRate"))
    assumed: list[str] = []
    if rate is None and any(_counts_hundredths(text) for text in times):
        rate = 100.0
        assumed.append("The figures behind the seconds are read as hundredths")
    if attribute(root, "timeBase") == "clock":
        assumed.append("Times of the day are read as times from the begin")
    multiplier = attribute(root, "frameRateMultiplier")
    if rate is not None and multiplier is not None and not rate.is_integer():
        multiplier = None
        assumed.append("The frame rate has a fraction already, so its multiplier does not count")
    frame_hz = (rate or 30.0) * _multiplier(multiplier)
    sub_frames = max(1, int(_number(attribute(root, "subFrameRate")) or 1))
    units = TimeUnits(
        frame_hz=min(1e6, max(1.0, frame_hz)),
        nominal_hz=max(1, round(rate or 30.0)),
        sub_frames=sub_frames,
        tick_hz=ticks or (frame_hz * sub_frames if rate else 1.0),
        is_smpte=attribute(root, "timeBase") == "smpte",
        drop=_drop_mode(attribute(root, "dropMode")),
    )
    if not ticks and not rate and any(_is_late_tick(text) for text in times):
        assumed.append("Ticks are read as 100 ns, as the file does not say how long they are")
        units = replace(units, tick_hz=_MICROSOFT_TICKS_HZ)
    return replace(_with_bare_unit(units, root, ticks), assumed=tuple(assumed))


def _times(root: Element) -> Iterator[str]:
    for element in root.iter():
        yield from (text for name in ("begin", "end") if (text := attribute(element, name)))


def _counts_hundredths(text: str) -> bool:
    """Whether a time has more frames than the 30 that a second has where no rate is declared."""
    whole, _, frames = text.strip().rpartition(":")
    return whole.count(":") == 2 and len(frames) == 2 and frames.isdecimal() and int(frames) >= 30


def _is_late_tick(text: str) -> bool:
    """Whether a time in ticks of a second, as undeclared ones are, is later than any recording."""
    text = text.strip()
    return text.endswith("t") and (_number(text[:-1]) or 0.0) * 1000 > LATEST_MS


def _with_bare_unit(units: TimeUnits, root: Element, ticks: float | None) -> TimeUnits:
    """Return the units with that of a number which has none, judged by all of the file.

    Numbers with a fraction are seconds. Whole ones are ticks where the file says how long one is,
    and milliseconds elsewhere, if as seconds most captions would last for minutes.
    """
    lengths = list(_bare_lengths(root))
    if not lengths or median(lengths) <= _LONGEST_CAPTION_S:
        return units
    bare_ms, name = (1000 / ticks, "ticks") if ticks else (1.0, "milliseconds")
    return replace(units, bare_ms=bare_ms, bare_name=name)


def _bare_lengths(root: Element) -> Iterator[float]:
    """Yield how long paragraphs last whose times are whole numbers without a unit."""
    for element in root.iter():
        begin, end, length = (attribute(element, name) for name in ("begin", "end", "dur"))
        if length is not None and _is_bare(length):
            yield float(length)
        elif begin is not None and end is not None and _is_bare(begin) and _is_bare(end):
            yield float(end) - float(begin)


def _is_bare(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


def _multiplier(text: str | None) -> float:
    """Return a frame rate multiplier: ``1000 1001``, or ``1000:1001`` as in drafts."""
    top, *bottom = _RATIO.split((text or "").strip(), maxsplit=1)
    ratio = (_number(top) or 1.0) / ((_number(bottom[0]) if bottom else None) or 1.0)
    return ratio if 0.1 <= ratio <= 10 else 1.0


def _number(text: str | None) -> float | None:
    """Return a positive number; None where there is none."""
    text = (text or "").strip()
    return (float(text) or None) if _NUMBER.fullmatch(text) else None


def _drop_mode(text: str | None) -> DropMode:
    return "dropNTSC" if text == "dropNTSC" else "dropPAL" if text == "dropPAL" else "nonDrop"
