"""API keys of requests, which identify callers."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import cast

from fastapi import Request
from pydantic import SecretStr
from starlette.requests import HTTPConnection

from app.domain.errors import UnauthorizedError
from app.routers.access.socket_keys import socket_keys
from app.routers.dependencies import services_of
from app.routers.raised_errors import raises, wants_key
from app.submission.envelopes.route_caller import SCOPE_KEY, RouteCaller
from app.submission.key_owner import key_owner

_TIER_4 = "/api/stream"
"""The route that the extension's tier 4 calls, with the key of another of its fields."""


@wants_key()
@raises(UnauthorizedError)
async def require_key(request: Request) -> None:
    """Require one of the configured keys, in either header; no keys configured, no key needed.

    Raises:
        UnauthorizedError: no key, or a wrong one.
    """
    if SCOPE_KEY in request.scope:
        return  # the door that the job came by has checked it
    if services_of(request).settings.access.api_keys and matching_key(request) is None:
        raise UnauthorizedError(_refusal(request))


def _refusal(request: Request) -> str:
    """Return what is wrong with the key of a request that has none of the configured ones."""
    text = "A valid API key is required"
    sent = request.headers.get("authorization", "") + request.headers.get("x-api-key", "")
    if not sent:
        return f"{text}, as X-API-Key or as Authorization: Bearer KEY"
    if request.url.path == _TIER_4:
        return (
            f"{text}: the one that came is none of this server's. In tier 4 the browser extension "
            "sends its language model's key; enter the server's there"
        )
    return f"{text}: the one that came is none of this server's"


def matching_key(request: HTTPConnection) -> int | None:
    """Return the index of the configured key that a request carries; None without a valid one.

    A gateway may use ``Authorization`` for a key of its own; then ours comes in ``X-API-Key``.
    """
    if (route_caller := request.scope.get(SCOPE_KEY)) is not None:
        return cast("RouteCaller", route_caller).key
    candidates = (
        request.headers.get("x-api-key", ""),
        bearer_token(request.headers.get("authorization", "")),
        *socket_keys(request),
    )
    return find_key(services_of(request).settings.access.api_keys, candidates)


def caller_of(request: HTTPConnection) -> str:
    """Return the caller that pays for a request, as a name that is no secret.

    The name is a hash of the key, so it stays the same when keys are added before it. It is
    empty where no key is needed.
    """
    index = matching_key(request)
    if index is None:
        return ""
    return key_owner(services_of(request).settings.access.api_keys[index])


def bearer_token(authorization: str) -> str:
    """Return the token of an ``Authorization`` header; empty for any other scheme."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def find_key(keys: Sequence[SecretStr], candidates: Sequence[str]) -> int | None:
    """Return the index of the first key that is among the candidates, or None.

    Every key is compared in full, so that the time taken reveals nothing about them.
    """
    matches = [
        index
        for index, key in enumerate(keys)
        for candidate in candidates
        if hmac.compare_digest(_bytes(key.get_secret_value()), _bytes(candidate))
    ]
    return matches[0] if matches else None


def _bytes(text: str) -> bytes:
    """Encode a text that JSON may have filled with halves of characters."""
    return text.encode("utf-8", "surrogatepass")
