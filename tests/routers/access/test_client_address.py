"""Who asks, behind proxies that are trusted and those that are not."""

from ipaddress import ip_address, ip_network

import pytest

from app.routers.access.client_address import client_address, subscriber
from app.settings.rate_limit_settings import TrustedProxies

INSIDE = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "found"),
    [
        ("198.51.100.7", "203.0.113.9", 0, "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9", 1, "203.0.113.9"),
        # What the client itself wrote stands to the left of what the proxy added.
        ("10.0.0.1", "1.1.1.1, 2.2.2.2, 203.0.113.9", 1, "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2", 2, "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9", 3, "203.0.113.9"),
        ("10.0.0.1", "", 1, "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9:4711", 1, "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::5]:4711", 1, "2001:db8::5"),
        ("10.0.0.1", "2001:db8::5", 1, "2001:db8::5"),
        ("10.0.0.1", "203.0.113.9, unknown", 1, "10.0.0.1"),
        ("10.0.0.1", "not an address", 1, "10.0.0.1"),
        ("::ffff:203.0.113.9", "", 0, "203.0.113.9"),
        # The nearest address that is not one of the proxies', however many there are.
        ("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.9.9.9, fd00::1", INSIDE, "203.0.113.9"),
        ("198.51.100.7", "203.0.113.9", INSIDE, "198.51.100.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", INSIDE, "10.0.0.3"),
    ],
)
def test_the_nearest_address_that_can_be_believed(
    peer: str, forwarded: str, trusted: TrustedProxies, found: str
) -> None:
    assert client_address(peer, forwarded, trusted) == ip_address(found)


def test_nobody_knows_who_speaks_through_a_socket_file() -> None:
    assert client_address(None, "203.0.113.9", 0) is None
    assert subscriber(None) == "unknown"


def test_a_subscriber_of_ipv6_has_64_bits_to_choose_from() -> None:
    one, other, neighbour = map(
        ip_address, ["2001:db8:1:2::1", "2001:db8:1:2:f::9", "2001:db8:1:3::1"]
    )
    assert subscriber(one) == subscriber(other) != subscriber(neighbour)
    assert subscriber(ip_address("203.0.113.9")) != subscriber(ip_address("203.0.113.8"))
