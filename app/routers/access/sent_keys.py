"""Keys that a request carries, wherever its client puts them: the one extractor.

Clients disagree about the place: ``Authorization`` with a scheme or with the bare key, headers of
other vendors, the query, the path. The headers are read on every route. A key in the query stands
in logs of proxies, so a route reads it only where its policy says so (`allow_key_in_query`), and
one in the path is put into the scope by what takes it out of there (`add_sent_key`). A browser can
set no header of a WebSocket's handshake, so its query and its subprotocols count too.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from starlette.requests import HTTPConnection

_IN_QUERY = "cuestream.key_in_query"
_ADDED = "cuestream.added_keys"
_HEADERS = ("x-api-key", "api-key", "xi-api-key")
"""Our own, Azure's and ElevenLabs'."""
_SCHEMES = frozenset({"bearer", "token"})
"""The usual one and Deepgram's."""
_QUERY = ("api_key", "token")
_MOST_PROTOCOLS = 16
_SUBPROTOCOL = "openai-insecure-api-key."
"""Source: OpenAI's guide to the Realtime API over WebSocket in browsers. Deepgram's clients there
offer a scheme and the key, as two subprotocols."""


def sent_keys(connection: HTTPConnection) -> tuple[str, ...]:
    """Return every key that a request carries, valid or not; empty where it has none."""
    authorization = connection.headers.get("authorization", "").strip()
    found = [
        *(connection.headers.get(name, "").strip() for name in _HEADERS),
        _token(authorization),
        *connection.scope.get(_ADDED, ()),
    ]
    is_socket = connection.scope["type"] == "websocket"
    if is_socket or connection.scope.get(_IN_QUERY):
        found += [connection.query_params.get(name, "") for name in _QUERY]
    if is_socket:
        offered = connection.scope.get("subprotocols", ())[:_MOST_PROTOCOLS]
        found += [each.removeprefix(_SUBPROTOCOL) for each in offered if _is_key(each)]
        found += offered[1:2] if offered and offered[0].lower() in _SCHEMES else ()
    return tuple(key for key in found if key)


def _is_key(subprotocol: str) -> bool:
    return subprotocol.startswith(_SUBPROTOCOL)


def allow_key_in_query(connection: HTTPConnection) -> None:
    """Have the query of a request read for keys."""
    connection.scope[_IN_QUERY] = True


def add_sent_key(scope: MutableMapping[str, Any], key: str) -> None:
    """Count a text as a key that the request of a scope carries, such as a part of its path."""
    scope[_ADDED] = (*scope.get(_ADDED, ()), key)


def bearer_token(authorization: str) -> str:
    """Return the token of an ``Authorization`` header; empty for any other scheme."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _token(authorization: str) -> str:
    """Return the key of an ``Authorization`` header: behind a scheme, or bare as AssemblyAI's."""
    scheme, separator, token = authorization.partition(" ")
    if separator:
        return token.strip() if scheme.lower() in _SCHEMES else ""
    return "" if scheme.lower() in _SCHEMES else authorization
