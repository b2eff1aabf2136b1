"""The bearer token of batch routes, which an Edge Function sends."""

from __future__ import annotations

from fastapi import Request

from app.domain.errors import TokenNotConfiguredError, UnauthorizedError
from app.routers.access.api_keys import bearer_token, find_key
from app.routers.dependencies import services_of
from app.routers.raised_errors import raises, wants_key


@wants_key("JobToken")
@raises(TokenNotConfiguredError, UnauthorizedError)
async def require_job_token(request: Request) -> None:
    """Require PY_API_TOKEN as the bearer token.

    Raises:
        TokenNotConfiguredError: the server has none, so nobody may call.
        UnauthorizedError: no token, or a wrong one.
    """
    token = services_of(request).settings.batch.py_api_token
    if token is None:
        raise TokenNotConfiguredError("PY_API_TOKEN not configured")
    header = request.headers.get("authorization", "")
    if not header:
        raise UnauthorizedError("Authorization header required")
    sent = bearer_token(header)
    if not sent:
        raise UnauthorizedError("Invalid Authorization header format. Expected: Bearer <token>")
    if find_key((token,), (sent,)) is None:
        raise UnauthorizedError("Invalid job worker token")
