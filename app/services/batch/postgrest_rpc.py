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


class PostgrestRpc:
    """Calls functions over HTTP.

    Args:
        url: of the project.
        key: its service role key.
    """

    def __init__(self, url: str, key: str) -> None:
        # The project is named by whoever runs the server; a proxy would see its key.
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(_TIMEOUT_S, connect=_CONNECT_S), trust_env=False
        )
        self._client = AsyncPostgrestClient(
            f"{url.rstrip('/')}/rest/v1",
            headers={"apikey": key, "Authorization": f"Bearer {key}"},
            http_client=self._http,
        )

    async def call(self, function: str, parameters: Mapping[str, Parameter]) -> object:
        """See the protocol."""
        try:
            answer = await self._client.rpc(function, dict(parameters)).execute()
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
