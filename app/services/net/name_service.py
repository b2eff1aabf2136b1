"""Resolver of names that waits in no thread, so that slow names delay nothing but themselves."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import aiodns
import pycares.errno

_TRY_S = 3.0
_TRIES = 2
"""Questions to each name server, each with this time limit; the caller's own limit ends both."""

_AT_A_TIME = 256
"""Names that are looked up at a time; each takes a few kilobytes."""

_UNKNOWN = frozenset(
    {
        pycares.errno.ARES_ENOTFOUND,
        pycares.errno.ARES_ENODATA,
        pycares.errno.ARES_EBADNAME,
        pycares.errno.ARES_EBADSTR,
        pycares.errno.ARES_ENONAME,
    }
)
"""Errors that mean that there is no such name. Source: ares_getaddrinfo(3)."""


@dataclass(frozen=True, slots=True)
class NameService:
    """The name service of one event loop: ``/etc/hosts``, then the system's name servers.

    The library, c-ares, asks them on sockets of its own. ``getaddrinfo`` would wait in a thread of
    the pool that disk work shares, and one name without an answer holds such a thread for half a
    minute.

    Attributes:
        resolver: of the library.
        places: for names that are looked up.
    """

    resolver: aiodns.DNSResolver
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_A_TIME))

    async def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a name, the preferred one first.

        Raises:
            socket.gaierror: the name does not exist, or no name server answered (EAI_AGAIN).
            UnicodeError: it cannot be a name.
        """
        name = host.encode("idna").decode("ascii")
        try:
            async with self.places:
                found = await self.resolver.getaddrinfo(
                    name, socket.AF_UNSPEC, port, type=socket.SOCK_STREAM
                )
        except aiodns.error.DNSError as error:
            unknown = error.args and error.args[0] in _UNKNOWN
            code = socket.EAI_NONAME if unknown else socket.EAI_AGAIN
            raise socket.gaierror(code, "name service") from None
        texts = (_text(node.addr[0]) for node in found.nodes)
        return list(dict.fromkeys(texts))


_services: WeakKeyDictionary[asyncio.AbstractEventLoop, NameService] = WeakKeyDictionary()


async def system_resolver(host: str, port: int) -> list[str]:
    """Return the addresses of a name by the running loop's name service; an address is its own."""
    literal = _literal(host)
    if literal is not None:
        return [literal]
    loop = asyncio.get_running_loop()
    service = _services.get(loop)
    if service is None:
        resolver = aiodns.DNSResolver(loop=loop, timeout=_TRY_S, tries=_TRIES)
        service = _services[loop] = NameService(resolver)
    return await service.addresses(host, port)


def _text(address: bytes | str) -> str:
    return address.decode("ascii") if isinstance(address, bytes) else address


def _literal(host: str) -> str | None:
    """Return the address that a text is in any form that connecting would accept."""
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, UnicodeError):
        pass
    try:
        return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, host))
    except (OSError, UnicodeError):
        return None
