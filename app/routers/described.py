"""What a route says of itself in the API's description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.responses import JSONResponse, Response

from app.services.render.formats import FORMATS

TEXT = {"type": "string"}
"""Schema of an answer that is text."""

FILE = {"type": "string", "format": "binary"}
"""Schema of a body or an answer that is bytes."""

_STAGE = '{"stage":"checking","message":"Checking the media","percent":5,"step":1,"totalSteps":4}'
_CUES = '{"stage":"subtitles","message":"1 line ready","batchInfo":{"current":1,"total":1}}'
_RESULT = '{"result":{"subtitles":[],"source":"whisper","translated":false,"language":"en"}}'

_EVENTS = {"description": "Server-sent events, each with one line of JSON as its data"}
"""Schema of a stream. Tools differ in whether one describes the stream or each event (OpenAPI says
so from 3.2 on), so it says nothing of types."""

STREAM: Mapping[str, Any] = {
    "text/event-stream": {
        "schema": _EVENTS,
        "example": f"id: 1\ndata: {_STAGE}\n\nid: 44\ndata: {_CUES}\n\nid: 98\ndata: {_RESULT}\n\n",
    }
}
"""Content of an answer that is a stream of server-sent events."""

SUBTITLE_TEXTS: Mapping[str, Any] = {
    kind.media_type: {"schema": FILE if kind.is_binary else TEXT}
    for kind in FORMATS.values()
    if kind.name != "json"
}
"""Content of an answer that is a subtitle file in a format other than JSON."""

JOB_HEADER = {"X-Job-Id": {"description": "Id of the job", "schema": TEXT}}


def described(
    operation_id: str,
    summary: str,
    model: Any = None,
    *,
    status: int = 200,
    content: Mapping[str, Any] | None = None,
    answer: str = "Done",
    headers: Mapping[str, Any] | None = None,
    others: Mapping[int, str] | None = None,
    example: object = None,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the arguments of a route's decorator that describe it.

    What it refuses is said by `raises`, and listed from there.

    Args:
        operation_id: which generators of clients make a method's name of.
        summary: a few words, for people.
        model: of a JSON answer.
        status: of the usual answer.
        content: of an answer that is not JSON alone, by media type.
        answer: what the usual answer is.
        headers: of the usual answer.
        others: answers of other statuses that are no errors and have no body.
        example: a body that works as it stands.
        extra: what is not in the endpoint's signature, in OpenAPI's words.
    """
    usual = _answer(answer, model, content, headers)
    responses = {status: usual}
    responses |= {other: {"description": text} for other, text in (others or {}).items()}
    arguments: dict[str, Any] = {
        "operation_id": operation_id,
        "summary": summary,
        "response_model": None,
        "response_class": Response if model is None else JSONResponse,
        "responses": responses,
    }
    added = dict(extra or {})
    if example is not None:
        added["requestBody"] = {"content": {"application/json": {"example": example}}}
    if added:
        arguments["openapi_extra"] = added
    return arguments


def _answer(
    text: str, model: Any, content: Mapping[str, Any] | None, headers: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return an answer in the words of FastAPI's ``responses``."""
    parts = {"model": model, "content": content and dict(content), "headers": headers}
    filled = {name: part for name, part in parts.items() if part}
    return {"description": text, **filled}


def header(name: str, text: str, *, required: bool = False, example: str = "") -> dict[str, Any]:
    """Return a header of a request as a parameter of OpenAPI."""
    found = {"name": name, "in": "header", "required": required, "description": text}
    found["schema"] = TEXT
    return {**found, "example": example} if example else found
