"""What the command asks a server over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from app.cli.exit_codes import CommandError, ExitCode, server_error

_TIMEOUT = httpx.Timeout(20, read=90, write=300)
"""Seconds; a stream sends something at least every 15 s."""

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ServerClient:
    """A client of one server.

    Args:
        address: base address, such as ``http://localhost:5001``.
        key: sent as the server's key and as a gateway's; None for none.

    Attributes:
        http: client of HTTP with that address and key.
    """

    def __init__(self, address: str, key: str | None) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise CommandError(
                f"{address!r} is no address of a server, such as http://localhost:5001",
                ExitCode.USAGE,
            )
        self.address = address.rstrip("/")
        keys = {"X-API-Key": key, "Authorization": f"Bearer {key}"} if key else {}
        self.http = httpx.Client(
            base_url=self.address,
            headers=keys,
            timeout=_TIMEOUT,
            trust_env=parts.hostname not in _LOOPBACK,
        )

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def post(self, path: str, **content: Any) -> dict[str, Any]:
        """Send a request and return its JSON.

        Raises:
            CommandError: the server refused it or cannot be reached.
        """
        try:
            return dict(checked(self.http.post(path, **content)).json())
        except httpx.TransportError as error:
            raise unreachable(self.address, error) from None

    @contextmanager
    def stream(self, method: str, path: str, **content: Any) -> Iterator[httpx.Response]:
        """Open a stream, whose status is no error.

        Raises:
            CommandError: the server refused it.
            httpx.TransportError: the connection failed.
        """
        with self.http.stream(method, path, **content) as response:
            yield checked(response)

    def download(self, url: str, target: Path) -> None:
        """Fetch a stored file into a new file.

        Raises:
            CommandError: it cannot be had.
        """
        try:
            with self.stream("GET", url) as response, target.open("wb") as file:
                for part in response.iter_bytes():
                    file.write(part)
        except httpx.TransportError as error:
            raise unreachable(self.address, error) from None


def checked(response: httpx.Response) -> httpx.Response:
    """Return a response that is no error.

    Raises:
        CommandError: it is one.
    """
    if not response.is_error:
        return response
    response.read()
    raise server_error(*_told(response), retryable=_retryable(response))


def _told(response: httpx.Response) -> tuple[str, str]:
    body = _body(response)
    error = body.get("error") or body.get("detail") or response.text[:300].strip()
    return str(error or response.reason_phrase), str(body.get("code", response.status_code))


def _retryable(response: httpx.Response) -> bool:
    return bool(_body(response).get("retryable", response.status_code in (429, 502, 503, 504)))


def _body(response: httpx.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def unreachable(address: str, error: Exception) -> CommandError:
    """Return the error of a server that does not answer."""
    return CommandError(
        f"{address} cannot be reached: {error or type(error).__name__}",
        ExitCode.UNREACHABLE,
        advice="is it running, and is the address right? Without --server and CUESTREAM_SERVER "
        "the command starts a server of its own",
    )


def form_fields(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return fields of a request as a form has them: lists with commas, objects as JSON."""
    return {name: _form_value(value) for name, value in fields.items()}


def _form_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(str(item) for item in value)
    return json.dumps(value) if isinstance(value, dict) else str(value)
