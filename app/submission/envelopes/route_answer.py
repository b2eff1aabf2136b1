"""The answer of one of our routes as JSON."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx

_TEXTS = frozenset({"xml", "javascript", "x-ndjson", "x-subrip"})
"""What an `application` type that is text is called, or ends in after a plus sign."""

_OWN = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection"})
"""Headers that describe the bytes on a connection, which there is none of."""


def answer_payload(response: httpx.Response) -> dict[str, Any]:
    """Return ``{status_code, headers, body}``, or ``body_base64`` with ``is_binary``.

    JSON becomes its value and other text a string. What is neither, or says to be and is not, is
    binary, so that no byte is changed. Repeated headers are joined by commas.
    """
    headers = {name: value for name, value in response.headers.items() if name not in _OWN}
    payload: dict[str, Any] = {"status_code": response.status_code, "headers": headers}
    kind, _, subtype = _media_type(response).partition("/")
    form = subtype.rpartition("+")[2] if kind == "application" else ""
    try:
        if not response.content:
            body: object = ""
        elif form == "json":
            body = json.loads(response.content, parse_constant=_refuse)
        elif kind == "text" or form in _TEXTS:
            body = response.content.decode(response.charset_encoding or "utf-8")
        else:
            return {**payload, **_binary(response.content)}
    except (ValueError, LookupError):
        return {**payload, **_binary(response.content)}
    return {**payload, "body": body}


def _media_type(response: httpx.Response) -> str:
    """Return the type without its parameters, such as ``application/problem+json``."""
    sent = str(response.headers.get("content-type", ""))
    return sent.partition(";")[0].strip().lower()


def _binary(content: bytes) -> dict[str, Any]:
    return {"body_base64": base64.b64encode(content).decode(), "is_binary": True}


def _refuse(name: str) -> None:
    """Refuse NaN and infinities, which are no JSON."""
    raise ValueError(name)
