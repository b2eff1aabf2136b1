"""The body of a request: its size, its time and the memory that it takes are bounded by the route.

Every route reads `DEFAULT_BYTES` at most. One that needs more says so among its checks, after the
key and the rate limit, so that a body is never larger than its route allows, whatever its type.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import Depends, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.errors import BodyTypeError, PayloadTooLargeError, RequestTimeoutError
from app.routers.dependencies import services_of
from app.routers.edge.body_memory import FREE_BYTES, BodyMemory

DEFAULT_BYTES = 2**20
"""Most bytes of a body, unless its route allows more."""

SILENCE_S = 30.0
"""Longest time without a byte of the body."""

_GRACE_S = 30.0
_SLOWEST_BYTES_PER_S = 4096
"""A body may take the grace and as much time as it needs at this speed.

A mobile network of the second generation has more: EDGE gives 100 to 200 kbit/s.
"""

_CODING_CHARS = 20
_PLAIN_CODINGS = frozenset({"", "identity", "utf-8", "utf8"})
"""Values of Content-Encoding that change no byte: some clients name their text's encoding there."""

_SCOPE_KEY = "cuestream.body"
_MULTIPART = "multipart/"


class RequestBody:
    """Receives the body of one request.

    Args:
        receive: of the server.
        declared: the value of Content-Length; empty where there is none.
        memory: of all bodies.
        codings: what Content-Encoding names that the bytes would have to be undone from.

    Attributes:
        caller: whose share of the memory it takes.
    """

    def __init__(
        self, receive: Receive, declared: bytes, memory: BodyMemory, codings: Sequence[str] = ()
    ) -> None:
        self.caller = ""
        self._limit_bytes = DEFAULT_BYTES
        self._in_memory = True
        self._receive = receive
        self._declared = declared
        self._codings = codings
        self._memory = memory
        self._taken: list[tuple[str, int]] = []
        self._read = 0
        self._kept = 0
        self._waited_s = 0.0
        self._complete = False

    def allow(self, limit_bytes: int, *, in_memory: bool = True) -> None:
        """Set what the route reads.

        Args:
            limit_bytes: most bytes.
            in_memory: whether the route keeps what it reads.
        """
        self._limit_bytes = limit_bytes
        self._in_memory = in_memory

    def charge(self, caller: str) -> None:
        """Set whose share of the memory the body takes."""
        self.caller = caller

    async def receive(self) -> Message:
        """Return the next message.

        Raises:
            PayloadTooLargeError: the body is larger than its route allows.
            BodyTypeError: the body is compressed.
            RequestTimeoutError: the client is silent, or too slow.
            OverloadedError: the memory for bodies is used up.
        """
        if self._complete:
            return await self._receive()
        if _exceeds(self._declared, self._limit_bytes):
            raise PayloadTooLargeError(self._limit_bytes // 2**20)
        message = await self._next()
        count = len(message.get("body", b""))
        if count and self._codings:
            raise BodyTypeError(
                f"Content-Encoding: {', '.join(self._codings)} is not supported; send the body as "
                "it is"
            )
        self._count(count)
        self._complete = not message.get("more_body", False)
        return message

    def keep(self, count: int) -> None:
        """Count bytes that the route keeps in memory of a body that it does not keep as a whole.

        Raises:
            OverloadedError: the memory for bodies is used up.
        """
        before, self._kept = self._kept, self._kept + count
        self._take(before, self._kept)

    def release(self) -> None:
        """Give back the memory once the request has ended."""
        for caller, count in self._taken:
            self._memory.give_back(caller, count)

    async def _next(self) -> Message:
        clock = asyncio.get_running_loop().time
        allowed_s = _GRACE_S + self._read / _SLOWEST_BYTES_PER_S - self._waited_s
        began_s = clock()
        try:
            async with asyncio.timeout(min(SILENCE_S, allowed_s)):
                return await self._receive()
        except TimeoutError:
            raise RequestTimeoutError("The body of the request came too slowly") from None
        finally:
            self._waited_s += clock() - began_s

    def _count(self, count: int) -> None:
        before, self._read = self._read, self._read + count
        if self._read > self._limit_bytes:
            raise PayloadTooLargeError(self._limit_bytes // 2**20)
        if self._in_memory:
            self._take(before, self._read)

    def _take(self, before: int, now: int) -> None:
        surplus = max(0, now - FREE_BYTES) - max(0, before - FREE_BYTES)
        if surplus:
            self._memory.take(self.caller, surplus)
            self._taken.append((self.caller, surplus))


class BoundedBodies:
    """Middleware that gives every request a `RequestBody`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._memory = BodyMemory()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared: bytes = dict(scope["headers"]).get(b"content-length", b"")
        body = RequestBody(receive, declared, self._memory, _codings(scope))
        try:
            await self._app({**scope, _SCOPE_KEY: body}, body.receive, send)
        finally:
            body.release()


def body_of(request: Request) -> RequestBody:
    """Return the body of a request."""
    found: RequestBody = request.scope[_SCOPE_KEY]
    return found


def is_multipart(request: Request) -> bool:
    """Whether a body is a form with parts."""
    return request.headers.get("content-type", "").lower().startswith(_MULTIPART)


async def _allow_large_json(request: Request) -> None:
    body_of(request).allow(services_of(request).settings.server.max_json_mb * 2**20)


async def _allow_upload(request: Request) -> None:
    body_of(request).allow(services_of(request).settings.max_upload_bytes, in_memory=False)


async def _allow_form_or_json(request: Request) -> None:
    await (_allow_upload if is_multipart(request) else _allow_large_json)(request)


def is_json(request: Request) -> bool:
    """Whether a body says that it is JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json"


async def _allow_upload_or_address(request: Request) -> None:
    if not is_json(request):
        await _allow_upload(request)


async def _allow_upload_or_base64(request: Request) -> None:
    settings = services_of(request).settings
    if is_multipart(request):
        await _allow_upload(request)
        return
    # Four characters stand for three bytes.
    most_bytes = settings.max_upload_bytes * 4 // 3 + settings.server.max_json_mb * 2**20
    body_of(request).allow(most_bytes, in_memory=False)


def large_json() -> Any:
    """Return a check that lets a route read MAX_JSON_MB."""
    return Depends(_allow_large_json)


def upload() -> Any:
    """Return a check that lets a route read MAX_UPLOAD_MB, which it must not keep in memory."""
    return Depends(_allow_upload)


def upload_or_address() -> Any:
    """Return a check that lets a route read MAX_UPLOAD_MB, or JSON of the usual size."""
    return Depends(_allow_upload_or_address)


def form_or_json() -> Any:
    """Return a check that lets a route read MAX_UPLOAD_MB of a form, or MAX_JSON_MB of JSON."""
    return Depends(_allow_form_or_json)


def upload_or_base64() -> Any:
    """Return a check that lets a route read MAX_UPLOAD_MB, as a form or as Base64 in JSON.

    The route must not keep the file in memory, and counts what it keeps of the JSON beside it.
    """
    return Depends(_allow_upload_or_base64)


def _codings(scope: Scope) -> list[str]:
    """Return what a body has been compressed with, as its sender says."""
    values = [value for name, value in scope["headers"] if name == b"content-encoding"]
    names = [each.strip().lower() for each in b",".join(values).decode("latin-1").split(",")]
    return [name[:_CODING_CHARS] for name in names if name not in _PLAIN_CODINGS]


def _exceeds(declared: bytes, limit: int) -> bool:
    """Whether a declared length is larger; one of thousands of digits is no number to Python."""
    if not declared.isdigit():
        return False
    digits = declared.lstrip(b"0")
    return len(digits) > len(str(limit)) or int(digits or b"0") > limit
