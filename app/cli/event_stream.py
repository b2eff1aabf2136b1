"""Reading server-sent events. Source: the WHATWG HTML standard, 9.2.6."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event with data.

    Attributes:
        number: its id in the job's log; empty where it has none.
        payload: its data.
    """

    number: str
    payload: dict[str, Any]


def read_events(lines: Iterable[str]) -> Iterator[StreamEvent]:
    """Yield the events of a stream; one that is cut off in its middle is left out.

    Args:
        lines: of the stream, without their ends.

    Raises:
        ValueError: the data of one is no JSON object.
    """
    number, data = "", list[str]()
    for line in lines:
        if not line:
            if data:
                payload = json.loads("\n".join(data))
                if not isinstance(payload, dict):
                    raise ValueError(f"{type(payload).__name__} in place of an object")
                yield StreamEvent(number, payload)
            number, data = "", []
            continue
        name, _, value = line.partition(":")
        if name == "data":
            data.append(value.removeprefix(" "))
        elif name == "id":
            number = value.removeprefix(" ")


def stream_lines(response: httpx.Response) -> Iterator[str]:
    """Yield the lines of a stream: they end with LF alone, whatever characters a text holds."""
    pending = ""
    for text in response.iter_text():
        pending += text
        *lines, pending = pending.split("\n")
        yield from lines
