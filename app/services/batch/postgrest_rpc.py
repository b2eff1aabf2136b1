"""Functions of a database behind Supabase's REST interface, PostgREST."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
from postgrest import AsyncPostgrestClient
from postgrest.exceptions import APIError

from app.domain.errors import DatabaseUnreachableError
from app.services.batch.database_errors import refusal
from app.services.batch.rpc_client import Parameter

_TIMEOUT_S = 150.0
"""Longer than the longest statement may take (`complete_document` in schema.sql)."""

_CONNECT_S = 10.0

_AWAY = frozenset({408, 429, 502, 503, 504, 520, 521, 522, 523, 524})
"""Statuses by which PostgREST and what stands in front of it say that they may answer later."""


class PostgrestRpc:
    """Calls functions over HTTP.

    Args:
        url: of the project.
        key: its service role key.
    """

    def __init__(self, url: str, key: str) -> None:
        # The project is named by whoever runs the server; a proxy would see its key.
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(_TIMEOUT_S, connect=_CONNECT_S),
            trust_env=False,
            event_hooks={"response": [_check]},
        )
        self._client = AsyncPostgrestClient(
            f"{url.rstrip('/')}/rest/v1",
            headers={"apikey": key, "Authorization": f"Bearer {key}"},
            http_client=self._http,
        )

    async def call(self, function: str, parameters: Mapping[str, Parameter]) -> object:
        """See the protocol."""
        try:
            answer = await self._client.rpc(function, {**parameters}).execute()  # type: ignore[dict-item]
        except httpx.HTTPError as error:
            raise DatabaseUnreachableError(
                f"Supabase cannot be reached: {type(error).__name__}"
            ) from None
        except APIError as error:
            raise refusal(str(error.code or ""), error.message or "no reason given") from None
        return answer.data

    async def close(self) -> None:
        """See the protocol."""
        await self._http.aclose()


async def _check(response: httpx.Response) -> None:
    # The client forgets the status where the body is JSON.
    if response.status_code in _AWAY:
        raise DatabaseUnreachableError(f"Supabase does not answer: status {response.status_code}")
