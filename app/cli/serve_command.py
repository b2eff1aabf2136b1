"""`cuestream serve`: this process becomes the server."""

from __future__ import annotations

import os
from typing import NoReturn

from app.cli.own_server import server_command, server_environment


def serve_here(host: str, port: int) -> NoReturn:
    """Become gunicorn with the application.

    Args:
        host: address to listen on; empty for that of the settings.
        port: 0 for that of the settings.
    """
    chosen = {"HOST": host} if host else {}
    if port:
        chosen["PORT"] = str(port)
    command = server_command()
    os.execve(command[0], command, server_environment(chosen))  # noqa: S606 - no shell is wanted
