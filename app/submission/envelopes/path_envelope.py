"""A job that is a request to one of our own HTTP routes, called without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any

import httpx

from app.domain.errors import InternalError, NotReadyError, OutputTooLargeError, TimedOutError
from app.services.readiness import Readiness
from app.submission.envelopes.envelope import AsgiRoutes, EnvelopeJob
from app.submission.envelopes.route_answer import answer_payload
from app.submission.envelopes.route_caller import SCOPE_KEY, RouteCaller
from app.submission.envelopes.route_request import RouteRequest

READY_S = 300.0
"""How long a request waits for the models of a worker that has just started."""

REQUEST_S = 600
"""How long a request may take in all, its stream included."""

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})

_HOST = "http://cuestream.internal"
"""Of the request's URL, which nobody resolves: the application is called, not a server."""


def is_idempotent(fields: Mapping[str, Any]) -> bool:
    """Whether a request may be made twice: by its method, as RFC 9110, section 9.2.2, has it."""
    method = fields.get("method", "POST")
    return isinstance(method, str) and method.upper() in _IDEMPOTENT


async def call_route(job: EnvelopeJob) -> object:
    """Call a route and return ``{status_code, headers, body}``, whatever the status.

    Raises:
        InvalidFieldError: no path of ours, or another field is wrong.
        NotReadyError: the server did not become ready in time, or cannot.
        TimedOutError: the request took too long.
        OutputTooLargeError: the answer is larger than an output may be.
    """
    request = RouteRequest.parse(job.input)
    if job.routes is None:
        raise InternalError("Internal server error")
    await _wait_until_ready(job.services.readiness)
    limit_bytes = job.services.settings.queue.max_output_mb * 2**20
    routes = _as_caller(job.routes, RouteCaller(job.key, job.holder), limit_bytes)
    transport = httpx.ASGITransport(app=routes, raise_app_exceptions=True)
    try:
        async with (
            asyncio.timeout(REQUEST_S),
            httpx.AsyncClient(transport=transport, base_url=_HOST, timeout=REQUEST_S) as client,
        ):
            response = await client.send(request.build(client))
    except TimeoutError:
        raise TimedOutError(f"The request timed out ({REQUEST_S}s)") from None
    return answer_payload(response)


async def _wait_until_ready(readiness: Readiness) -> None:
    try:
        async with asyncio.timeout(READY_S):
            await readiness.wait()
    except TimeoutError:
        raise NotReadyError(
            f"The server did not become ready within {READY_S:.0f}s", retry_after_s=30
        ) from None


def _as_caller(routes: AsgiRoutes, caller: RouteCaller, limit_bytes: int) -> AsgiRoutes:
    """Return routes that take each request for the caller's, and end a too large answer."""

    async def call(
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        count = 0

        async def counted(message: MutableMapping[str, Any]) -> None:
            nonlocal count
            count += len(message.get("body", b""))
            if count > limit_bytes:
                raise OutputTooLargeError(limit_bytes)
            await send(message)

        with suppress(Exception):  # a defect is logged and answered with 500 before it is raised
            await routes({**scope, SCOPE_KEY: caller}, receive, counted)
        if count > limit_bytes:
            raise OutputTooLargeError(limit_bytes)

    return call
