"""A file as a response, or the ranges of it that a client asks for."""

from __future__ import annotations

import re

from fastapi.responses import FileResponse
from starlette.types import Receive, Scope, Send

_RANGE = re.compile(r"[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*")
_RANGE_HEADER = b"range"


class RangedFile(FileResponse):
    """A file whose ranges are those of the standard.

    The base class refuses what the standard wants ignored or answered in part: units that nobody
    knows, ranges of a ``HEAD``, and lists of which some range lies beyond the end.

    Source: RFC 9110, sections 14.2 and 15.5.17.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or its ranges."""
        size = 0 if self.stat_result is None else self.stat_result.st_size
        given = [value for name, value in scope["headers"] if name == _RANGE_HEADER]
        headers = [each for each in scope["headers"] if each[0] != _RANGE_HEADER]
        usable = usable_ranges(given[0].decode("latin-1"), size) if len(given) == 1 else None
        if usable is not None and scope["method"] == "GET":
            headers.append((_RANGE_HEADER, usable.encode()))
        await super().__call__({**scope, "headers": headers}, receive, send)


def usable_ranges(header: str, size: int) -> str | None:
    """Return the part of a ``Range`` that can be answered; None where it is to be ignored.

    Where no range lies within the file, all of them stay, which is answered by 416.

    Args:
        header: as the client sent it.
        size: of the file in bytes.
    """
    unit, _, listed = header.partition("=")
    parts = [part for part in listed.split(",") if part.strip()]
    if unit.strip().lower() != "bytes" or not parts:
        return None
    within = []
    for part in parts:
        found = _RANGE.fullmatch(part)
        first, last = found.groups() if found else ("", "")
        if not (first or last) or (first and last and int(first) > int(last)):
            return None
        if int(first) < size if first else int(last) > 0 and size > 0:
            within.append(part.strip())
    return f"bytes={','.join(within or parts)}"
