"""HTTP calls of engines: one answer, bounded, as JSON."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx2

from app.domain.errors import RemoteEngineAuthError, RemoteEngineError
from app.domain.json_text import read_json
from app.gpu.calls.call_retry import PassingCallError
from app.system.answer_limits import PLAIN_HEADERS, AnswerLimitError, AnswerLimits, limit_answer
from app.system.kept_connections import answered
from app.system.retry_after import seconds_until

ANSWER = AnswerLimits(max_bytes=32 * 2**20, structure=2_000_000)
"""The words of some hours of speech: 60 bytes and 4 brackets for each of 150 words a minute."""

_CONNECT_S = 10.0

_PASSING = frozenset({408, 409, 425, 429})
"""Statuses below 500 that ask for a later try. Source: RFC 9110, RFC 6585, RFC 8470."""

_NO_WORKER = (b"no workers available", b"timed out waiting for worker")
"""What RunPod's load balancer says with status 400 while no worker is ready."""


@cache
def _tls() -> ssl.SSLContext:
    """Return the one context of all clients: reading the authorities takes some 50 ms."""
    return httpx2.create_ssl_context(trust_env=False)


class HttpCaller:
    """Client of one server.

    Args:
        server: what it is, for messages: no address, which may hold a key.
        timeout_s: of one call.
        headers: of every call.
    """

    def __init__(self, server: str, timeout_s: float, headers: Mapping[str, str]) -> None:
        self._server = server
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s)),
            headers={**PLAIN_HEADERS, **headers},
            follow_redirects=False,
            trust_env=False,
            verify=_tls(),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=16),
        )

    async def json(self, method: str, url: str, **content: Any) -> object:
        """Make one call and return its answer.

        Args:
            method: of HTTP.
            url: whole address.
            content: the client's keywords for the body, such as ``json`` or ``files``.

        Raises:
            PassingCallError: it may succeed in a moment.
            RemoteEngineAuthError: the key was refused.
            StatusError: another status than success.
            RemoteEngineError: the answer is too large or no JSON.
        """
        try:
            async with answered(lambda: self._client.stream(method, url, **content)) as response:
                limit_answer(response, ANSWER)
                body = await response.aread()
        except AnswerLimitError as error:
            raise RemoteEngineError(f"{self._server}: {error}") from None
        except httpx2.TimeoutException:
            raise PassingCallError(f"{self._server} does not answer") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError):
            raise PassingCallError(f"{self._server} cannot be reached") from None
        self._check(response, body)
        try:
            return read_json(body)
        except ValueError:
            raise PassingCallError(
                f"{self._server} answered with something else than JSON"
            ) from None

    def _check(self, response: httpx2.Response, body: bytes) -> None:
        status = response.status_code
        if 200 <= status < 300 and status != httpx2.codes.NO_CONTENT:
            return
        if status in {401, 403}:
            raise RemoteEngineAuthError(f"{self._server} refused the key")
        message = f"{self._server} answered with status {status}"
        no_worker = status == 400 and any(text in body[:1000].lower() for text in _NO_WORKER)
        if status in _PASSING or status >= 500 or status == 204 or no_worker:
            raise PassingCallError(message, seconds_until(response.headers.get("retry-after", "")))
        raise StatusError(message, status, body)


class StatusError(RemoteEngineError):
    """A server answered with a status that will not change.

    Attributes:
        status: of HTTP.
        server_code: of an error in our own shape; empty where it is none.
    """

    def __init__(self, message: str, status: int, body: bytes) -> None:
        super().__init__(message)
        self.status = status
        self.server_code = _code(body)


def _code(body: bytes) -> str:
    try:
        parsed = read_json(body)
    except ValueError:
        return ""
    code = parsed.get("code") if isinstance(parsed, dict) else None
    return code if isinstance(code, str) else ""
