"""The parts of a chat model's answer, as the SDK hands them on."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

from openai import AsyncStream
from openai.types.chat import ChatCompletion, ChatCompletionChunk

CUT_SHORT = frozenset({"length", "content_filter"})
"""Finish reasons after which the answer's last line may be half of one."""


async def chunks(stream: AsyncStream[ChatCompletionChunk]) -> AsyncGenerator[object, None]:
    """Yield the parts of an answer; one part where the server does not stream."""
    if not str(stream.response.headers.get("content-type", "")).startswith("application/json"):
        async for chunk in stream:
            yield chunk
        return
    body = json.loads(await stream.response.aread())
    yield ChatCompletion.construct(**body) if isinstance(body, dict) else None


def text_of(chunk: object) -> str:
    """Return a part's text."""
    choice = _choice(chunk)
    said = getattr(choice, "delta", None) or getattr(choice, "message", None)
    text = getattr(said, "content", None)
    return text if isinstance(text, str) else ""


def ending_of(chunk: object) -> object:
    """Return why the answer ends with this part; None where it does not."""
    return getattr(_choice(chunk), "finish_reason", None)


def usage_of(chunk: object) -> object:
    """Return the tokens that the provider has counted; None where it does not say."""
    return getattr(chunk, "usage", None)


def _choice(chunk: object) -> object:
    """Return a part's only choice; the SDK does not check what a provider sends."""
    choices = getattr(chunk, "choices", None)
    return choices[0] if isinstance(choices, list) and choices else None
