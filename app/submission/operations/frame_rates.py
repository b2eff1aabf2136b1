"""Frame rate that a subtitle file names."""

from __future__ import annotations

import re

_HEAD_CHARS = 2**14
_TTML_RATE = re.compile(r"frameRate\s{0,8}=\s{0,8}[\"']([0-9]{1,3})[\"']")
_TTML_MULTIPLIER = re.compile(
    r"frameRateMultiplier\s{0,8}=\s{0,8}[\"']([0-9]{1,6})[ :]([0-9]{1,6})[\"']"
)
_MICRODVD = re.compile(r"\s{0,64}\{1\}\{1\}([0-9]{1,3}(?:[.,][0-9]{1,6})?)\s")


def declared_frame_rate(text: str) -> float | None:
    """Return the frames per second that a file's text names; None where it names none.

    Source: W3C TTML2, section 7.2.3 (``ttp:frameRate``, ``ttp:frameRateMultiplier``); MicroDVD's
    first line ``{1}{1}25``.
    """
    head = text[:_HEAD_CHARS].lstrip("\ufeff")
    if (match := _MICRODVD.match(head)) is not None:
        return float(match[1].replace(",", ".")) or None
    match = _TTML_RATE.search(head)
    if match is None or not int(match[1]):
        return None
    rate = float(match[1])
    factor = _TTML_MULTIPLIER.search(head)
    if factor is not None and int(factor[1]) and int(factor[2]):
        rate *= int(factor[1]) / int(factor[2])
    return rate
