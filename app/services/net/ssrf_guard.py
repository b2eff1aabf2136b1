"""Guard against server-side request forgery (SSRF) for connections to untrusted addresses."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address

import httpx

from app.domain.errors import SourceError, UrlBlockedError
from app.services.net.ip_addresses import Address, is_metadata, is_public
from app.services.net.name_service import system_resolver

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""From host name and port to the addresses that the name stands for, as text."""

_PORTS = {"http": 80, "https": 443}


_MOST_ADDRESSES = 8
"""Addresses of a name that are tried; its owner may list thousands that do not answer."""


@dataclass(frozen=True, slots=True)
class SsrfGuard:
    """Decides which addresses may be reached.

    Attributes:
        allow_private: whether private, loopback and link-local addresses may be reached too.
            Metadata services stay out of reach.
        timeout_s: how long a name may take to resolve.
        resolver: how names become addresses.
    """

    allow_private: bool = False
    timeout_s: float = 10.0
    resolver: Resolver = system_resolver

    def parse(self, url: str) -> httpx.URL:
        """Check syntax and literal addresses, without resolving a name.

        Raises:
            UrlBlockedError: not an http or https address, or one that must not be reached.
        """
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, TypeError, ValueError):
            raise UrlBlockedError("Invalid URL") from None
        if parsed.scheme not in _PORTS:
            raise UrlBlockedError("Only http and https URLs can be fetched")
        if not parsed.host or "%" in parsed.host or not 0 < port_of(parsed) < 2**16:
            raise UrlBlockedError("Invalid URL")
        if parsed.userinfo:
            raise UrlBlockedError("A URL with a user name or password cannot be fetched")
        literal = _literal(parsed.host)
        if literal is not None:
            self._check(literal)
        return parsed

    async def addresses(self, host: str, port: int) -> list[str]:
        """Resolve a name once; the caller connects to the returned addresses alone.

        Raises:
            UrlBlockedError: the name does not exist, or any of its addresses is forbidden.
            SourceError: the name service did not answer.
        """
        try:
            async with asyncio.timeout(self.timeout_s):
                found = await self.resolver(host, port)
        except TimeoutError:
            raise SourceError("The name service did not answer in time") from None
        except (OSError, UnicodeError) as error:
            if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
                raise SourceError("The name service did not answer") from None
            raise UrlBlockedError("The URL's host is not known") from None
        for address in found:
            self._check(ip_address(address.partition("%")[0]))
        if not found:
            raise UrlBlockedError("The URL's host is not known")
        return found[:_MOST_ADDRESSES]

    def _check(self, address: Address) -> None:
        if is_metadata(address) or not (self.allow_private or is_public(address)):
            raise UrlBlockedError("The URL's address is not a public one")


def port_of(url: httpx.URL) -> int:
    """Return a URL's port, which may be the default of its scheme."""
    return _PORTS[url.scheme] if url.port is None else url.port


def _literal(host: str) -> Address | None:
    """Read an address in any form that connecting would accept: ``127.1``, ``0x7f000001``.

    ``localhost`` and names below it stand for nothing else. Source: RFC 6761, section 6.3.
    """
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return IPv4Address("127.0.0.1")
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None
