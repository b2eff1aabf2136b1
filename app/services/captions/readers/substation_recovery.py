"""Events of SubStation scripts whose fields do not stand where they should."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TIME = re.compile(
    r"[0-9]{1,3}:[0-9]{1,2}:[0-9]{1,2}(?:[.,:][0-9]{1,3})?|[0-9]{1,2}:[0-9]{2}\.[0-9]{2}"
)
_MARGINS = re.compile(r",\s{0,4}[0-9]{0,5},\s{0,4}[0-9]{0,5},\s{0,4}[0-9]{0,5},[^,]{0,60},")
_HEAD_CHARS = 200
"""Part of an event before its text."""

_JOINED = re.compile(
    r"(?=(?:Dialogue|Comment): {0,4}(?:Marked=)?[0-9]{1,3},[0-9]{1,3}:[0-9])", re.IGNORECASE
)


def lines_apart(line: str) -> list[str]:
    """Return the events of a line, of which several stand in it where line breaks are missing."""
    if line.count(":") < 2:
        return [line]
    return [part for part in _JOINED.split(line) if part] or [line]


def recovered(values: str) -> Mapping[str, str]:
    """Return what can be made out of an event whose fields are out of place.

    Returns:
        ``start``, ``end`` and ``text`` where two times are found, with the text behind the margins
        or else behind the last comma of what precedes a text; empty otherwise.
    """
    head = values[:_HEAD_CHARS]
    times = list(_TIME.finditer(head))[:2]
    if len(times) < 2:
        return {}
    rest = values[times[1].end() :]
    margins = _MARGINS.search(rest[:_HEAD_CHARS])
    text = rest[margins.end() :] if margins else rest.rpartition(",,")[2].lstrip(",")
    start, end = (time[0].replace(",", ".") for time in times)
    return {"start": start, "end": end, "text": text}
