from ipaddress import ip_address

import pytest

from app.services.net.ip_addresses import METADATA, is_metadata, is_public

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80b::200e",
    "64:ff9b::101:101",  # NAT64 of 1.1.1.1
    "2002:101:101::1",  # 6to4 of 1.1.1.1
]

FORBIDDEN = [
    # IPv4
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    # IPv6
    "::",
    "::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    # IPv4 inside IPv6
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "::ffff:0:7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::e000:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2002:6440:1::1",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_may_be_fetched(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", FORBIDDEN)
def test_other_addresses_may_not(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("address", sorted(METADATA, key=str))
def test_metadata_services_are_known(address: object) -> None:
    assert is_metadata(ip_address(str(address)))


@pytest.mark.parametrize(
    "text",
    [
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::",
        "::ffff:0:a9fe:a9fe",
        "::ffff:100.100.100.200",
    ],
)
def test_metadata_services_are_known_in_disguise(text: str) -> None:
    assert is_metadata(ip_address(text))


@pytest.mark.parametrize("text", ["127.0.0.1", "10.0.0.1", "169.254.1.1", "fd00::1", "8.8.8.8"])
def test_other_private_addresses_are_no_metadata_services(text: str) -> None:
    assert not is_metadata(ip_address(text))
