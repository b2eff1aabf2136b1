"""Who a request is from that a job makes to our own routes."""

from __future__ import annotations

from dataclasses import dataclass

SCOPE_KEY = "cuestream.route_caller"
"""Of the ASGI scope, which nothing from outside can set."""


@dataclass(frozen=True, slots=True)
class RouteCaller:
    """The caller whose job makes the request: the door that the job came by has checked his key.

    Attributes:
        key: index of his API key; None where the door has keys of its own, or needs none.
        name: as `caller_name` has it; empty where the door names no callers.
    """

    key: int | None
    name: str
