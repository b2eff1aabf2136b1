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
        if not (key or "").isascii():
            raise CommandError("a key has ASCII letters alone", ExitCode.KEY)
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
            return self.asked(path, **content)
        except httpx.HTTPError as error:
            raise unreachable(self.address, error) from None

    def asked(self, path: str, **content: Any) -> dict[str, Any]:
        """Send a request and return its JSON.

        Raises:
            CommandError: the server refused it.
            httpx.HTTPError: the connection failed.
        """
        response = checked(self.http.post(path, **content))
        answer = json_object(response)
        if not answer:
            raise not_cuestream(self.address, "its answer is no JSON object")
        if "error" in answer and "code" in answer:
            # One that came late: the status had been sent already, to keep proxies waiting.
            raise server_error(*_error_in(response), retryable=_retryable(response))
        return answer

    @contextmanager
    def stream(self, method: str, path: str, **content: Any) -> Iterator[httpx.Response]:
        """Open a stream, whose status is no error.

        Raises:
            CommandError: the server refused it.
            httpx.HTTPError: the connection failed.
        """
        with self.http.stream(method, path, **content) as response:
            yield checked(response)


def checked(response: httpx.Response) -> httpx.Response:
    """Return a response that is no error.

    Raises:
        CommandError: it is one.
    """
    if response.is_success:
        return response
    if response.has_redirect_location:
        where = response.headers["Location"]
        raise not_cuestream(str(response.url), f"it leads on to {where}")
    response.read()
    raise server_error(*_error_in(response), retryable=_retryable(response))


def checked_stream(response: httpx.Response, client: ServerClient) -> httpx.Response:
    """Return a response that is a stream of events.

    Raises:
        CommandError: it is something else.
    """
    kind = response.headers.get("Content-Type", "nothing")
    if not kind.startswith("text/event-stream"):
        raise not_cuestream(client.address, f"it sends {kind} in place of events")
    return response


def not_cuestream(address: str, reason: str) -> CommandError:
    """Return the error of an address where something else answers."""
    return CommandError(
        f"{address} does not answer as Cuestream does: {reason}",
        ExitCode.UNREACHABLE,
        advice="is the address the server's own, with https:// where it has that?",
    )


def _error_in(response: httpx.Response) -> tuple[str, str]:
    body = json_object(response)
    error = body.get("error") or body.get("detail") or response.text[:300].strip()
    return str(error or response.reason_phrase), str(body.get("code", response.status_code))


def _retryable(response: httpx.Response) -> bool:
    return bool(
        json_object(response).get("retryable", response.status_code in (429, 502, 503, 504))
    )


def json_object(response: httpx.Response) -> dict[str, Any]:
    """Return the object that a response is; empty where it is none."""
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


def sendable_name(path: Path) -> str:
    """Return a file's name as text that can be sent, whatever bytes it has."""
    return path.name.encode(errors="replace").decode()


def form_fields(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return fields of a request as a form has them: lists with commas, objects as JSON."""
    return {name: _form_value(value) for name, value in fields.items()}


def _form_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(str(item) for item in value)
    return json.dumps(value) if isinstance(value, dict) else str(value)
