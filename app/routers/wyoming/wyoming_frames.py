"""Events of Wyoming on a stream of bytes, read within bounds.

Source: Wyoming's description of its protocol: a line of JSON, then ``data_length`` bytes of JSON
that are merged over ``data``, then ``payload_length`` bytes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.json_text import read_json

VERSION = "1.10.2"
"""Of the protocol, as its own library counts."""

MAX_LINE_BYTES = 64 * 2**10
_MAX_DATA_BYTES = 256 * 2**10
_MAX_PAYLOAD_BYTES = 2**20
"""Half a minute of usual sound; clients send a thousand samples."""

_FRAME_S = 30.0
"""What of an event is missing has to come in so long."""


class BadFrameError(Exception):
    """Bytes that are no event, or one beyond the bounds."""


@dataclass(frozen=True, slots=True)
class WyomingEvent:
    """One event.

    Attributes:
        type: its name.
        data: its fields.
        payload: sound.
    """

    type: str
    data: Mapping[str, object] = field(default_factory=dict)
    payload: bytes = b""


async def read_event(reader: asyncio.StreamReader) -> WyomingEvent | None:
    """Return the next event; None at the end of the stream.

    Raises:
        BadFrameError: what came is no event.
    """
    line = await _line(reader)
    if line is None:
        return None
    header = _object(line, "header")
    data = header.get("data") or {}
    kind = header.get("type")
    if not isinstance(kind, str) or not isinstance(data, dict):
        raise BadFrameError("an event has a type, and its data is an object")
    more = await _bytes(reader, _length(header, "data_length", _MAX_DATA_BYTES))
    if more:
        data = {**data, **_object(more, "data")}
    payload = await _bytes(reader, _length(header, "payload_length", _MAX_PAYLOAD_BYTES))
    return WyomingEvent(kind, data, payload)


def written(event: WyomingEvent) -> bytes:
    """Return an event as bytes."""
    data = json.dumps(event.data, ensure_ascii=False).encode("utf-8", "replace")
    header: dict[str, object] = {"type": event.type, "version": VERSION}
    header["data_length"] = len(data)
    if event.payload:
        header["payload_length"] = len(event.payload)
    return json.dumps(header).encode() + b"\n" + data + event.payload


async def _line(reader: asyncio.StreamReader) -> bytes | None:
    try:
        return await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise BadFrameError("the stream ended within an event") from None
        return None
    except asyncio.LimitOverrunError:
        raise BadFrameError(f"a line is longer than {MAX_LINE_BYTES} bytes") from None


async def _bytes(reader: asyncio.StreamReader, count: int) -> bytes:
    try:
        async with asyncio.timeout(_FRAME_S):
            return await reader.readexactly(count)
    except asyncio.IncompleteReadError:
        raise BadFrameError("the stream ended within an event") from None
    except TimeoutError:
        raise BadFrameError("the rest of an event did not come") from None


def _length(header: Mapping[str, object], name: str, most: int) -> int:
    length = header.get(name) or 0
    if isinstance(length, bool) or not isinstance(length, int) or not 0 <= length <= most:
        raise BadFrameError(f"{name} is a number up to {most}")
    return length


def _object(text: bytes, what: str) -> dict[str, object]:
    try:
        value = read_json(text)
    except ValueError:
        raise BadFrameError(f"the {what} of an event is no JSON") from None
    if not isinstance(value, dict):
        raise BadFrameError(f"the {what} of an event is no object")
    return value
