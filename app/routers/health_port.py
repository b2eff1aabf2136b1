"""A second listener for the health check alone, on PORT_HEALTH."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.routers.edge.bounded_http import BoundedHttpProtocol
from app.routers.health_routes import ping_response
from app.services.readiness import Readiness


class _QuietServer(uvicorn.Server):
    """A server that installs no signal handlers: the main one has them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signal handlers as they are."""
        yield


class HealthPort:
    """Listens while the application lives."""

    def __init__(self, readiness: Readiness, host: str, port: int, path: str) -> None:
        async def ping(_: Request) -> Response:
            return ping_response(readiness)

        routes = [Route(address, ping) for address in dict.fromkeys(("/ping", path))]
        config = uvicorn.Config(
            Starlette(routes=routes),
            http=BoundedHttpProtocol,
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="off",
        )
        self._server = _QuietServer(config)
        self._socket = _reusable_socket(host, port)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen."""
        serving = self._server.serve(sockets=[self._socket])
        self._task = asyncio.create_task(serving, name="health-port")

    async def close(self) -> None:
        """Stop listening."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._socket.close()


def _reusable_socket(host: str, port: int) -> socket.socket:
    """Open a port that the workers of several GPUs can share."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    opened.bind((host, port))
    return opened
