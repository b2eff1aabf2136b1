"""What routes share: the services of the application and the key check."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Request
from pydantic import SecretStr

from app.container import Services
from app.domain.errors import UnauthorizedError

_CALLER_DIGITS = 12


def services(request: Request) -> Services:
    """Return the application's services."""
    found: Services = request.app.state.services
    return found


ServicesDep = Annotated[Services, Depends(services)]


async def require_key(request: Request) -> None:
    """Let a caller in who brings one of the keys, in either header, if there are keys at all.

    Raises:
        UnauthorizedError: no key, or a wrong one.
    """
    if services(request).settings.access.api_keys and matching_key(request) is None:
        raise UnauthorizedError("A valid API key is required")


def matching_key(request: Request) -> int | None:
    """Return which of the keys the caller brings, by its place in the list; None for no valid one.

    A gateway may use ``Authorization`` for a key of its own; then ours comes in ``X-API-Key``.
    """
    given = (
        request.headers.get("x-api-key", ""),
        bearer_token(request.headers.get("authorization", "")),
    )
    return key_among(services(request).settings.access.api_keys, given)


def caller_of(request: Request) -> str:
    """Return who pays for a request, as a name that is no secret; empty where no key is needed.

    The name is a hash of the key, so it stays the same when keys are added before it.
    """
    place = matching_key(request)
    if place is None:
        return ""
    key = services(request).settings.access.api_keys[place].get_secret_value()
    return hashlib.sha256(key.encode()).hexdigest()[:_CALLER_DIGITS]


def bearer_token(authorization: str) -> str:
    """Return the token of an ``Authorization`` header; empty where it holds none."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def key_among(keys: Sequence[SecretStr], given: Sequence[str]) -> int | None:
    """Return the place of the first key that was given, or None.

    Every key is compared in full, so that the time taken tells nothing about them.
    """
    matches = [
        place
        for place, key in enumerate(keys)
        for candidate in given
        if hmac.compare_digest(key.get_secret_value().encode(), candidate.encode())
    ]
    return matches[0] if matches else None
