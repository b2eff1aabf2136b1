"""Keys of WebSocket handshakes, where a browser cannot set a header."""

from __future__ import annotations

from starlette.requests import HTTPConnection

_PREFIX = "openai-insecure-api-key."
_MOST_PROTOCOLS = 16


def socket_keys(connection: HTTPConnection) -> tuple[str, ...]:
    """Return what may be a key: of the subprotocols, the query and Azure's header.

    Source: OpenAI's guide to Realtime in browsers; speaches' `api_key`. Only handshakes are read
    so: the address of a request is in logs of proxies.
    """
    if connection.scope["type"] != "websocket":
        return ()
    offered = connection.scope.get("subprotocols", ())[:_MOST_PROTOCOLS]
    keys = [name.removeprefix(_PREFIX) for name in offered if name.startswith(_PREFIX)]
    named = (connection.query_params.get("api_key", ""), connection.headers.get("api-key", ""))
    return (*keys, *named)
