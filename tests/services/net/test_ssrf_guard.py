import asyncio
import socket
from pathlib import Path

import pytest

from app.domain.errors import SourceError, UrlBlockedError
from app.services.net.fetch import check_address, check_url
from app.services.net.ssrf_guard import SsrfGuard


def resolving_to(*addresses: str, allow_private: bool = False) -> SsrfGuard:
    async def resolve(_host: str, _port: int) -> list[str]:
        return list(addresses)

    return SsrfGuard(allow_private, 1.0, resolve)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/a.mp4",
        "//example.com/a.mp4",
        "ftp://example.com/a.mp4",
        "file:///etc/passwd",
        "gopher://example.com/",
        "data:audio/wav;base64,AAAA",
        "javascript:alert(1)",
        "http://",
        "http:///a.mp4",
        "http://:80/",
        "http://user@example.com/",
        "http://user:secret@example.com/",
        "http://example.com\\@127.0.0.1/",
        "http://exa mple.com/",
        "http://[::1%25lo]/",
        "http://example.com:99999/",
        "http://example.com:0/",
        "http://example.com/\n",
        "http://a\tb/",
        "http://[::1/",
        "http://0177.0.0.1/",
        "-o/tmp/x",
    ],
)
def test_what_is_no_fetchable_url(url: str) -> None:
    with pytest.raises(UrlBlockedError):
        check_url(url)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0",
        "10.1.2.3",
        "100.64.0.1",
        "192.168.0.1",
        "169.254.1.1",
        "224.0.0.1",
        "[::1]",
        "[::]",
        "[fd00::1]",
        "[fe80::1]",
        "[ff02::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
    ],
)
def test_literal_private_addresses_are_seen_without_asking_anybody(host: str) -> None:
    check_url(f"https://{host}:8443/a.mp4", allow_private=True)
    with pytest.raises(UrlBlockedError):
        check_url(f"https://{host}:8443/a.mp4", allow_private=False)


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "2852039166"]
)
def test_metadata_services_stay_blocked_whatever_is_allowed(host: str) -> None:
    with pytest.raises(UrlBlockedError):
        check_url(f"http://{host}/latest/meta-data/", allow_private=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a.mp4",
        "HTTPS://EXAMPLE.com:8443/a%20b.mp4?x=1#t=3",
        "http://1.1.1.1/",
        "http://[2606:4700::1]/a",
        "http://bücher.example/a.mp4",
    ],
)
def test_public_urls_pass(url: str) -> None:
    check_url(url, allow_private=False)


async def test_every_address_of_a_name_must_be_public() -> None:
    mixed = resolving_to("1.1.1.1", "2606:4700::1", "10.0.0.1")
    with pytest.raises(UrlBlockedError):
        await check_address("http://mixed.example/", mixed)
    await check_address("http://good.example/", resolving_to("1.1.1.1", "2606:4700::1"))


async def test_a_scoped_address_is_checked_like_any_other() -> None:
    with pytest.raises(UrlBlockedError):
        await check_address("http://local.example/", resolving_to("fe80::1%eth0"))


async def test_allowing_private_addresses_spares_metadata_services() -> None:
    await check_address("http://home.example/", resolving_to("192.168.1.5", allow_private=True))
    with pytest.raises(UrlBlockedError):
        await check_address(
            "http://cloud.example/", resolving_to("169.254.169.254", allow_private=True)
        )


@pytest.mark.skipif(not Path("/etc/hosts").is_file(), reason="no name is known here")
async def test_the_systems_own_resolver_is_asked() -> None:
    with pytest.raises(UrlBlockedError, match="not a public one"):
        await check_address("http://localhost/", SsrfGuard())
    assert "127.0.0.1" in await SsrfGuard(allow_private=True).addresses("localhost", 80)


async def test_a_name_that_does_not_exist_is_blocked_and_a_silent_service_is_not() -> None:
    async def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    async def busy(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "busy")

    async def slow(_host: str, _port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    with pytest.raises(UrlBlockedError, match="not known"):
        await check_address("http://a.example/", SsrfGuard(resolver=unknown))
    with pytest.raises(UrlBlockedError, match="not known"):
        await check_address("http://a.example/", resolving_to())
    with pytest.raises(SourceError, match="did not answer"):
        await check_address("http://a.example/", SsrfGuard(resolver=busy))
    with pytest.raises(SourceError, match="in time"):
        await check_address("http://a.example/", SsrfGuard(timeout_s=0.05, resolver=slow))
