"""Limits of what servers of models and speech answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import httpx2

PLAIN_HEADERS = {"Accept-Encoding": "identity"}
"""Headers of a request whose answer is not to be compressed."""

_EVENT_ENDS = (b"\n\n", b"\r\r", b"\r\n\r\n")
"""Source: WHATWG HTML, section 9.2.6, a blank line ends an event."""

_STRUCTURE = (b"{", b"[", b"\n", b"\r")


def is_encoded(content_encoding: str | None) -> bool:
    """Whether a body is encoded in any way.

    Args:
        content_encoding: the header's value, or all its values joined by commas. Source: RFC 9110
            section 8.4.
    """
    codings = (coding.strip().lower() for coding in (content_encoding or "").split(","))
    return any(coding not in {"", "identity"} for coding in codings)


class AnswerLimitError(httpx2.RequestError):
    """An answer is larger than answers are, or encoded in a way that was not asked for."""


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """Limits of one answer, counted as its bytes arrive and before anything parses them.

    Attributes:
        max_bytes: of the whole answer.
        event_bytes: of an event in a stream of events; None where there are none.
        structure: brackets and line ends in all, each of which costs its parser some
            microseconds; None for binary answers.
    """

    max_bytes: int
    event_bytes: int | None = None
    structure: int | None = None


def limit_answer(
    response: httpx2.Response, limits: AnswerLimits, received: Callable[[], None] = lambda: None
) -> None:
    """Limit the body of a response that has not been read yet.

    Args:
        response: its stream is replaced.
        limits: of its body.
        received: called with each piece.

    Raises:
        AnswerLimitError: it is encoded; reading it raises the same where it exceeds a limit.
    """
    if is_encoded(response.headers.get("content-encoding")):
        message = "the answer is compressed although it was not to be"
        raise AnswerLimitError(message, request=response.request)
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _LimitedStream(response, response.stream, limits, received)


class _LimitedStream(httpx2.AsyncByteStream):
    """Body of a response that is counted and reported as it comes."""

    def __init__(
        self,
        response: httpx2.Response,
        stream: httpx2.AsyncByteStream,
        limits: AnswerLimits,
        received: Callable[[], None],
    ) -> None:
        self._request = response.request
        self._stream = stream
        self._limits = limits
        self._received = received
        self._bytes = self._structure = self._event_bytes = 0
        self._tail = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self._received()
            self._count(piece)
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()

    def _count(self, piece: bytes) -> None:
        limits = self._limits
        self._bytes += len(piece)
        self._check(self._bytes, limits.max_bytes)
        if limits.structure is not None:
            self._structure += sum(map(piece.count, _STRUCTURE))
            self._check(self._structure, limits.structure)
        if limits.event_bytes is not None:
            joined = self._tail + piece
            end = max(map(joined.rfind, _EVENT_ENDS))
            self._event_bytes = len(joined) - end if end >= 0 else self._event_bytes + len(piece)
            self._check(self._event_bytes, limits.event_bytes)
            self._tail = joined[-3:]

    def _check(self, count: int, limit: int) -> None:
        if count > limit:
            raise AnswerLimitError("the answer is larger than answers are", request=self._request)
