"""The client's address, behind any number of proxies."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from app.settings.rate_limit_settings import TrustedProxies

Address = IPv4Address | IPv6Address

_SUBSCRIBER_BITS = 64
"""Leading bits of an IPv6 address that identify a subscriber, who chooses the others.

Source: RFC 6177 section 2, RFC 4291 section 2.5.1.
"""

_MAX_HOPS = 32
"""Entries that are read, from the right: one header may hold thousands."""


def client_address(peer: str | None, forwarded: str, trusted: TrustedProxies) -> Address | None:
    """Return the nearest address that is no trusted proxy's.

    Each proxy appends the address of its own client, so entries to the left of the last trusted
    one may be forged.

    Args:
        peer: address of the connection.
        forwarded: the values of ``X-Forwarded-For``, joined by commas.
        trusted: how many proxies there are, or where they are.

    Returns:
        None where no trustworthy entry is an address.
    """
    hops = [_address(entry) for entry in forwarded.split(",")[-_MAX_HOPS:] if entry.strip()]
    nearest = _address(peer or "")
    for place, hop in enumerate(reversed(hops)):
        if hop is None or not _is_trusted(nearest, place, trusted):
            break
        nearest = hop
    return nearest


def subscriber(address: Address | None) -> str:
    """Return a name for the subscriber of an address, who has many of IPv6."""
    if address is None:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), _SUBSCRIBER_BITS), strict=False))
    return str(address)


def is_trusted_peer(peer: str, trusted: TrustedProxies) -> bool:
    """Whether a connection may come from a trusted proxy."""
    return _is_trusted(_address(peer), 0, trusted)


def _is_trusted(address: Address | None, place: int, trusted: TrustedProxies) -> bool:
    if isinstance(trusted, int):
        return place < trusted
    return address is not None and _within(address, trusted)


def _within(address: Address, networks: Sequence[object]) -> bool:
    return any(address in network for network in networks)  # type: ignore[operator]


def _address(text: str) -> Address | None:
    """Parse an address, with a port or without: ``192.0.2.1:80``, ``[2001:db8::1]:80``."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
