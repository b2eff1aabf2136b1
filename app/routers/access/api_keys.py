"""API keys of requests, which identify callers."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import cast

from fastapi import Request
from pydantic import SecretStr
from starlette.requests import HTTPConnection

from app.domain.errors import UnauthorizedError
from app.routers.dependencies import services_of
from app.submission.envelopes.route_caller import SCOPE_KEY, RouteCaller

_CALLER_DIGITS = 12


async def require_key(request: Request) -> None:
    """Require one of the configured keys, in either header; no keys configured, no key needed.

    Raises:
        UnauthorizedError: no key, or a wrong one.
    """
    if SCOPE_KEY in request.scope:
        return  # the door that the job came by has checked it
    if services_of(request).settings.access.api_keys and matching_key(request) is None:
        raise UnauthorizedError("A valid API key is required")


def matching_key(request: HTTPConnection) -> int | None:
    """Return the index of the configured key that a request carries; None without a valid one.

    A gateway may use ``Authorization`` for a key of its own; then ours comes in ``X-API-Key``.
    """
    if (route_caller := request.scope.get(SCOPE_KEY)) is not None:
        return cast("RouteCaller", route_caller).key
    candidates = (
        request.headers.get("x-api-key", ""),
        bearer_token(request.headers.get("authorization", "")),
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
    key = services_of(request).settings.access.api_keys[index].get_secret_value()
    return hashlib.sha256(key.encode()).hexdigest()[:_CALLER_DIGITS]


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
