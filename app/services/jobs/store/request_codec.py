"""Requests of jobs as bytes, for stores that outlive a process."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

from app.domain.errors import StorageError
from app.domain.request import JobRequest, SentCaptions, Source
from app.services.jobs.store.event_codec import decode_value, encode_value

_SOURCES: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Source)}
_ANY_SOURCE = SentCaptions("")
"""In the place of the source, which is written apart: two kinds may have the same fields."""


def encode_request(request: JobRequest) -> bytes:
    """Return a request as bytes."""
    source = encode_value(request.source)
    head = {"source": type(request.source).__name__, "bytes": len(source)}
    bare = encode_value(replace(request, source=_ANY_SOURCE))
    return json.dumps(head).encode() + b"\n" + source + bare


def decode_request(data: bytes) -> JobRequest:
    """Return the request that `encode_request` wrote.

    Raises:
        StorageError: it is not one, or of a newer version.
    """
    line, _, body = data.partition(b"\n")
    try:
        head = json.loads(line)
        kind, size = _SOURCES[head["source"]], int(head["bytes"])
    except (ValueError, KeyError, TypeError) as error:
        raise StorageError("A stored request cannot be read") from error
    request: JobRequest = decode_value(JobRequest, body[size:])
    return replace(request, source=decode_value(kind, body[:size]))
