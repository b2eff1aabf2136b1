"""Keys that a request carries, wherever its client puts them: the one extractor.

Clients disagree about the place: ``Authorization`` with a scheme or with the bare key, headers of
other vendors, the query, the path. The headers are read on every route. A key in the query stands
in logs of proxies, so a route reads it only where its policy says so (`allow_keys_in`), and one in
the path is put into the scope by the route that has it there (`add_sent_key`).
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Literal

from starlette.requests import HTTPConnection

KeyPlace = Literal["query", "subprotocol"]

_PLACES = "cuestream.key_places"
_ADDED = "cuestream.added_keys"
_HEADERS = ("x-api-key", "api-key", "xi-api-key")
"""Our own, Azure's and ElevenLabs'."""
_SCHEMES = frozenset({"bearer", "token"})
"""The usual one and Deepgram's."""
_QUERY = ("api_key", "token")
_SUBPROTOCOL = "openai-insecure-api-key."
"""Source: OpenAI's guide to the Realtime API over WebSocket in browsers."""


def sent_keys(connection: HTTPConnection) -> tuple[str, ...]:
    """Return every key that a request carries, valid or not; empty where it has none."""
    authorization = connection.headers.get("authorization", "").strip()
    found = [
        *(connection.headers.get(name, "").strip() for name in _HEADERS),
        _token(authorization),
        *connection.scope.get(_ADDED, ()),
    ]
    places: tuple[KeyPlace, ...] = connection.scope.get(_PLACES, ())
    if "query" in places:
        found += [connection.query_params.get(name, "") for name in _QUERY]
    if "subprotocol" in places:
        offered = connection.headers.get("sec-websocket-protocol", "").split(",")
        found += [
            each.strip().removeprefix(_SUBPROTOCOL)
            for each in offered
            if each.strip().startswith(_SUBPROTOCOL)
        ]
    return tuple(key for key in found if key)


def allow_keys_in(connection: HTTPConnection, *places: KeyPlace) -> None:
    """Have further places of a request read for keys."""
    connection.scope[_PLACES] = (*connection.scope.get(_PLACES, ()), *places)


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
