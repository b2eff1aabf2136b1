"""Who a request is from, to count what a caller holds and asks for."""

from __future__ import annotations

from typing import cast

from starlette.requests import HTTPConnection

from app.routers.access.api_keys import caller_of
from app.routers.access.client_address import client_address, subscriber
from app.routers.dependencies import services_of
from app.submission.envelopes.route_caller import SCOPE_KEY, RouteCaller


def caller_name(connection: HTTPConnection) -> str:
    """Return a name for the caller: by a valid key, else by the address.

    Only a valid key identifies a caller, so invented keys gain nothing. The name is no secret and
    outlives the server: it stands in stored jobs.
    """
    if (route_caller := connection.scope.get(SCOPE_KEY)) is not None:
        return cast("RouteCaller", route_caller).name
    key = caller_of(connection)
    if key:
        return f"key {key}"
    forwarded = ",".join(connection.headers.getlist("x-forwarded-for"))
    peer = connection.client.host if connection.client else None
    trusted = services_of(connection).settings.trusted_proxies
    return f"address {subscriber(client_address(peer, forwarded, trusted))}"
