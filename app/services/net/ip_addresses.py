"""IP address blocks that a server may fetch from on behalf of its clients."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address

METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Google Cloud, Azure, Oracle, DigitalOcean, OpenStack
        "fd00:ec2::254",  # AWS over IPv6
        "fd20:ce::254",  # Google Cloud over IPv6
        "169.254.170.2",  # AWS, credentials of an ECS task
        "169.254.170.23",  # AWS, credentials of an EKS pod
        "fd00:ec2::23",  # the same over IPv6
        "169.254.0.23",  # Tencent Cloud
        "100.100.100.200",  # Alibaba Cloud
        "168.63.129.16",  # Azure's platform endpoint, although a public address
        "192.0.0.192",  # Oracle Cloud Classic
    )
)
"""Metadata services, where clouds issue the machine's own credentials. Blocked by any settings.

Source: each provider's documentation of its instance metadata service.
"""

_NOT_GLOBAL: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24",  # RFC 6890, IETF protocol assignments; Python 3.11 knows only a part
        "192.88.99.0/24",  # RFC 7526, anycast to 6to4 relays, deprecated
        "3fff::/20",  # RFC 9637, documentation; newer than Python 3.11
    )
)

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""The only IPv6 block that is assigned to global unicast. Source: RFC 4291 section 2.4 and
IANA's registry. Everything else is loopback, mapped, translated, local, multicast or unused."""

_NAT64 = IPv6Network("64:ff9b::/96")
"""IPv4 behind a NAT64 gateway, the last 32 bits. Source: RFC 6052 section 2.1."""

_EMBEDDING: tuple[IPv6Network, ...] = (
    _NAT64,
    IPv6Network("::/96"),  # RFC 4291 section 2.5.5.1, IPv4-compatible, deprecated
    IPv6Network("::ffff:0:0/96"),  # RFC 4291 section 2.5.5.2, IPv4-mapped
    IPv6Network("::ffff:0:0:0/96"),  # RFC 7915, IPv4-translated
)
"""IPv6 blocks whose last 32 bits are an IPv4 address."""


def embedded_ipv4(address: IPv6Address) -> Iterator[IPv4Address]:
    """Yield the IPv4 addresses that packets to an IPv6 address may end up at."""
    if any(address in network for network in _EMBEDDING):
        yield IPv4Address(int(address) & 0xFFFFFFFF)
    if address.sixtofour is not None:  # RFC 3056
        yield address.sixtofour


def is_metadata(address: Address) -> bool:
    """Return whether an address, or one embedded in it, is a metadata service's."""
    if address in METADATA:
        return True
    if isinstance(address, IPv4Address):
        return False
    return any(inner in METADATA for inner in embedded_ipv4(address))


def is_public(address: Address) -> bool:
    """Return whether an address belongs to the public internet.

    ``ipaddress`` recognises private, loopback, link-local, CGNAT (RFC 6598), documentation,
    reserved blocks by ``is_global``; multicast counts as global there but is refused here.
    """
    if is_metadata(address) or any(address in network for network in _NOT_GLOBAL):
        return False
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast
    if address in _NAT64 or address.sixtofour is not None:
        return all(is_public(inner) for inner in embedded_ipv4(address))
    return address in _GLOBAL_UNICAST and address.is_global
