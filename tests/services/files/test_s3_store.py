"""Result files in a real S3 server, with right and wrong keys, odd names, parts, and stores that
are dead, slow or nowhere that may be reached."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from app.domain.errors import (
    BadRequestError,
    CuestreamError,
    ObjectStoreDeniedError,
    ObjectStoreError,
    StoreNotConfiguredError,
    UrlBlockedError,
)
from app.services.files.result_file import NewFile
from app.services.files.result_files import ResultFiles
from app.services.files.s3_config import S3Config
from app.settings import FileSettings, Settings, SourceSettings
from tests.s3_server import BUCKET, S3Server, s3_server
from tests.server import free_port

TEXT = NewFile("talk.srt", b"1\n00:00:01,000 --> 00:00:02,000\nHello\n", "application/x-subrip")
SECRET = "very/secret+key0"


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


def files_of(tmp_path: Path, *, private: bool = True, **settings: Any) -> ResultFiles:
    """Return the files of a server with these settings."""
    return ResultFiles(
        Settings(
            files=FileSettings(**{"s3_timeout_s": 5.0, **settings}),
            sources=SourceSettings(allow_private_urls=private),
        ),
        tmp_path / "files",
    )


def store_of(s3: S3Server) -> dict[str, Any]:
    """Return the settings that name the store."""
    return {
        "s3_endpoint_url": s3.url,
        "s3_access_key": s3.access_key,
        "s3_secret_key": s3.secret_key,
        "s3_bucket_name": BUCKET,
    }


def own_config(s3: S3Server, **changes: Any) -> S3Config:
    config = S3Config(SecretStr(s3.access_key), SecretStr(s3.secret_key), BUCKET, s3.url)
    return replace(config, **changes)


async def test_a_file_is_stored_and_downloaded_by_a_link_that_expires(
    s3: S3Server, tmp_path: Path
) -> None:
    files = files_of(tmp_path, file_link_ttl_s=120, **store_of(s3))
    link = await files.deliver(TEXT)
    query = parse_qs(urlsplit(link.url).query)
    assert query["X-Amz-Expires"] == ["120"]
    assert s3.secret_key not in link.url
    assert query["X-Amz-Signature"] == [signature_of(link.url, s3)]
    answer = httpx.get(link.url)
    assert (answer.status_code, answer.content) == (200, TEXT.content)
    assert answer.headers["content-type"] == "application/x-subrip"
    assert "talk.srt" in answer.headers["content-disposition"]
    assert link.file.sha256 == hashlib.sha256(TEXT.content).hexdigest()


def signature_of(url: str, s3: S3Server) -> str:
    """Return the signature that a link must have. Source: Signature Version 4, query string."""
    path, _, query = url.removeprefix(s3.url).partition("?")
    fields = [field for field in query.split("&") if not field.startswith("X-Amz-Signature=")]
    values = parse_qs(query)
    stamp, scope = values["X-Amz-Date"][0], values["X-Amz-Credential"][0].partition("/")[2]
    host = urlsplit(url).netloc
    request = f"GET\n{path}\n{'&'.join(sorted(fields))}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{s3.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


async def test_a_large_file_goes_up_in_parts_from_the_disk(s3: S3Server, tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    block = bytes(range(256)) * 4096
    path.write_bytes(block * 20 + b"end")
    link = await files_of(tmp_path, **store_of(s3)).deliver(NewFile("v.mp4", path, "video/mp4"))
    head = s3.client().head_object(Bucket=BUCKET, Key=link.file.key)
    assert head["ContentLength"] == path.stat().st_size == link.file.size_bytes
    assert head["ETag"].strip('"').endswith("-3")  # of three parts
    last = s3.client().get_object(Bucket=BUCKET, Key=link.file.key, Range="bytes=-3")
    assert last["Body"].read() == b"end"


@pytest.mark.parametrize("size", [0, 1, 8 * 2**20 - 1, 8 * 2**20, 8 * 2**20 + 1])
async def test_sizes_around_a_part(s3: S3Server, tmp_path: Path, size: int) -> None:
    content = bytes(size)
    link = await files_of(tmp_path, **store_of(s3)).deliver(NewFile("z.bin", content, "x/y"))
    head = s3.client().head_object(Bucket=BUCKET, Key=link.file.key)
    assert head["ContentLength"] == size


@pytest.mark.parametrize(
    "name",
    [
        "Ünïcødé – 字幕 🎬.srt",
        "a/b\\c/../../etc/passwd",
        "100% & more?#x.vtt",
        "+plus = and; semi, at@ $.srt",
        "new\nline\r\n\x00tab\t.srt",
        "..",
        "",
        "'quoted' \"double\" (round).srt",
        "\u202egnp.exe.srt",
        "\ud800 half.srt",
        "x" * 500 + ".srt",
        "%2e%2e%2fetc.srt",
    ],
)
async def test_names_with_odd_characters(s3: S3Server, tmp_path: Path, name: str) -> None:
    files = files_of(tmp_path, **store_of(s3))
    link = await files.deliver(NewFile(name, b"odd", "text/plain"))
    assert httpx.get(link.url).content == b"odd"
    assert link.file.key in s3.listed()  # the very key that another library reads
    assert ".." not in link.file.key.split("/")


async def test_contract_31_the_jobs_own_store_is_used_and_its_secrets_stay_out_of_logs(
    s3: S3Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    files = files_of(tmp_path)
    own = own_config(s3, prefix="their/folder")
    with capture_logs() as lines, s3.checking_keys():
        link = await files.deliver(TEXT, own)
        wrong = own_config(s3, secret_key=SecretStr(SECRET))
        with pytest.raises(ObjectStoreDeniedError) as refusal:
            await files.deliver(TEXT, wrong)
    assert link.file.key == "their/folder/talk.srt"
    assert httpx.get(link.url).content == TEXT.content
    told = f"{lines} {caplog.text} {refusal.value.message} {own!r} {wrong}"
    assert s3.secret_key not in told
    assert SECRET not in told


async def test_contract_31_without_a_store_it_errs_instead_of_returning_a_local_path(
    tmp_path: Path,
) -> None:
    files = files_of(tmp_path)
    with pytest.raises(StoreNotConfiguredError, match="S3 configuration is required"):
        await files.deliver(TEXT)
    assert not (tmp_path / "files").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"access_key": SecretStr("AKIAUNKNOWNKEY000000")},
        {"secret_key": SecretStr(SECRET)},
        {"bucket": "no-such-bucket"},
    ],
)
async def test_wrong_keys_and_buckets_are_refused_for_good(
    s3: S3Server, tmp_path: Path, changes: dict[str, Any]
) -> None:
    with s3.checking_keys(), pytest.raises(ObjectStoreError) as refusal:
        await files_of(tmp_path).deliver(TEXT, own_config(s3, **changes))
    assert not refusal.value.retryable


@pytest.mark.parametrize(
    "changes",
    [
        {"bucket": "not a bucket/../x"},
        {"bucket": ""},
        {"access_key": SecretStr("a\r\nb")},
        {"secret_key": SecretStr("ü\n")},
        {"access_key": SecretStr("")},
        {"region": "eu central\n"},
        {"endpoint_url": "http://store.example.org/a b"},
        {"endpoint_url": "http://store.example.org/?x=1#y"},
        {"endpoint_url": "http://störe.example.org"},
        {"prefix": "../theirs"},
        {"prefix": "x" * 5000},
    ],
)
def test_what_no_store_can_be_called_is_refused_before_any_request(
    s3: S3Server, changes: dict[str, Any]
) -> None:
    with pytest.raises(BadRequestError) as refusal:
        own_config(s3, **changes)
    assert not refusal.value.retryable


async def test_a_dead_store_is_an_error_that_may_pass(s3: S3Server, tmp_path: Path) -> None:
    files = files_of(tmp_path)
    with pytest.raises(ObjectStoreError) as failure:
        nowhere = f"http://127.0.0.1:{free_port()}"
        await files.deliver(TEXT, own_config(s3, endpoint_url=nowhere))
    assert failure.value.code == "object_store_failed"
    assert failure.value.retryable


async def test_a_store_that_does_not_answer_is_given_up(s3: S3Server, tmp_path: Path) -> None:
    async with silent_server() as url:
        files = files_of(tmp_path, **{**store_of(s3), "s3_endpoint_url": url, "s3_timeout_s": 0.5})
        async with asyncio.timeout(120):
            with pytest.raises(ObjectStoreError) as failure:
                await files.store(TEXT)
    assert failure.value.retryable


@asynccontextmanager
async def silent_server() -> AsyncIterator[str]:
    """Accept connections, read and say nothing."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(2**16):
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9000",
        "http://169.254.169.254/latest",
        "http://10.0.0.8",
        "http://[::1]:9000",
        "http://2130706433/",
        "https://metadata.google.internal",
        "http://localhost:9000",
        "ftp://store.example.org",
        "file:///etc/passwd",
        "http://user:password@store.example.org",
        "not an address",
    ],
)
async def test_a_callers_store_is_no_way_into_the_private_network(
    s3: S3Server, tmp_path: Path, url: str
) -> None:
    files = files_of(tmp_path, private=False)
    with pytest.raises(BadRequestError) as refusal:
        await files.deliver(TEXT, own_config(s3, endpoint_url=url))
    assert isinstance(refusal.value, UrlBlockedError), refusal.value


async def test_a_redirect_of_a_callers_store_is_checked_as_well(
    s3: S3Server, tmp_path: Path
) -> None:
    answer = (
        b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://169.254.169.254/x\r\n"
        b"Content-Length: 0\r\nConnection: close\r\n\r\n"
    )

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(CuestreamError) as refusal:
            await files_of(tmp_path).deliver(TEXT, own_config(s3, endpoint_url=url))
    assert refusal.value.code in {"url_blocked", "object_store_failed"}


async def test_keys_in_the_environment_go_to_nobody_elses_store(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token-of-the-environment")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    link = await files_of(tmp_path).deliver(TEXT, own_config(s3))
    assert "token-of-the-environment" not in link.url
    assert httpx.get(link.url).content == TEXT.content


async def test_old_files_and_those_beyond_the_room_are_removed_and_nothing_else(
    s3: S3Server, tmp_path: Path
) -> None:
    client = s3.client()
    client.put_object(Bucket=BUCKET, Key="theirs/file.txt", Body=b"x" * 10)
    settings = {**store_of(s3), "s3_prefix": "ours-alone/"}
    files = files_of(tmp_path, **settings, files_max_size_mb=1)
    first = await files.store(NewFile("one.bin", bytes(400 * 1024), "x/y", holder="one"))
    second = await files.store(NewFile("two.bin", bytes(400 * 1024), "x/y", holder="one"))
    other = await files.store(NewFile("three.bin", bytes(300 * 1024), "x/y", holder="two"))
    assert await files.sweep() == 1  # the first holder has more than half of a mebibyte
    keys = s3.listed()
    assert len({first.key, second.key} - set(keys)) == 1  # S3 tells times in seconds
    assert {other.key, "theirs/file.txt"} <= set(keys)
    # All are older than no time at all.
    assert await files_of(tmp_path, **settings, files_ttl_hours=1e-9).sweep() == 2
    assert "theirs/file.txt" in s3.listed()


def test_the_region_and_the_style_of_addresses_follow_from_the_address() -> None:
    key = SecretStr("k")
    amazon = S3Config(key, key, "b", "https://b.s3.eu-central-1.amazonaws.com")
    assert (amazon.signing_region, amazon.names_bucket_in_host) == ("eu-central-1", True)
    spaces = S3Config(key, key, "b", "https://fra1.digitaloceanspaces.com")
    assert (spaces.signing_region, spaces.names_bucket_in_host) == ("fra1", False)
    backblaze = S3Config(key, key, "b", "https://s3.us-west-004.backblazeb2.com")
    assert backblaze.signing_region == "us-west-004"
    assert S3Config(key, key, "b", "https://minio.example.org").signing_region == "us-east-1"
    assert S3Config(key, key, "b", None, "auto").signing_region == "auto"
