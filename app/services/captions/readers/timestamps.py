"""Timestamps of caption files."""

from __future__ import annotations

import math
import re

LATEST_MS = 10**9
"""Eleven days: longer than any recording."""

CLOCK = r"-?(?:[0-9]{1,6}:)?[0-9]{1,3}:[0-9]{1,3}(?:[.,][0-9]{1,9})?"
TIMING_LINE = re.compile(rf"\s*({CLOCK})\s*-->\s*({CLOCK})(?:\s(.*))?")
"""The line above a caption's text in SubRip and WebVTT files, and what follows it.

Source: W3C WebVTT, section 4 (file structure); SubRip writes a comma before the fraction.
"""
INLINE_TIME = re.compile(rf"<({CLOCK})>")
"""A time inside a WebVTT cue: when the words after it are spoken."""


def clock_ms(text: str) -> int:
    """Return the milliseconds of ``[hours:]minutes:seconds[.fraction]``.

    Args:
        text: a match of one of the patterns above.
    """
    sign = -1 if text.startswith("-") else 1
    whole, _, fraction = text.lstrip("-").replace(",", ".").partition(".")
    seconds = 0
    for part in whole.split(":"):
        seconds = seconds * 60 + int(part)
    return sign * (seconds * 1000 + int(fraction[:3].ljust(3, "0")))


def number_ms(value: object, unit_ms: int = 1) -> int | None:
    """Return a number, or the text of one, as milliseconds; None where it is no time.

    Args:
        value: untrusted value from a file.
        unit_ms: milliseconds in one unit.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(number) or abs(number * unit_ms) > LATEST_MS:
        return None
    return round(number * unit_ms)
