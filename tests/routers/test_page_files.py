"""Files of the page over HTTP: compressed for clients that take that, and named by their bytes."""

from __future__ import annotations

import gzip

import httpx
import pytest

from tests.conftest import StartServer
from tests.server import DEAF, ROOT, ServerProcess

_NAME = "editor/cue-editor.js"
_DATA = (ROOT / "app" / "web" / _NAME).read_bytes()


@pytest.fixture(scope="module")
def server(start_server: StartServer) -> ServerProcess:
    found = start_server(ready=False, **DEAF)
    found.wait_listening()
    return found


def _raw(server: ServerProcess, path: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """Return an answer with its bytes as they travelled."""
    with (
        server.client() as client,
        client.stream(
            "GET", path, headers={key.replace("_", "-"): headers[key] for key in headers}
        ) as answer,
    ):
        return answer, b"".join(answer.iter_raw())


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("identity;q=0.2, *;q=0.1", True),
        ("gzip;q=1.000", True),
        ("identity", False),
        ("", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("br, zstd", False),
    ],
)
def test_a_file_is_compressed_for_who_takes_it(
    server: ServerProcess, accepted: str, compressed: bool
) -> None:
    answer, data = _raw(server, f"/web/{_NAME}", accept_encoding=accepted)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "Accept-Encoding" in answer.headers["vary"].split(", ")
    assert int(answer.headers["content-length"]) == len(data)
    assert answer.headers.get("content-encoding") == ("gzip" if compressed else None)
    assert (gzip.decompress(data) if compressed else data) == _DATA
    assert (len(data) < len(_DATA) / 2) is compressed


def test_each_representation_has_its_tag(server: ServerProcess) -> None:
    tags = {}
    for accepted in ("gzip", "identity"):
        answer, _ = _raw(server, f"/web/{_NAME}", accept_encoding=accepted)
        tags[accepted] = answer.headers["etag"]
    assert tags["gzip"] != tags["identity"]
    for accepted, tag in tags.items():
        for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again, data = _raw(
                server, f"/web/{_NAME}", accept_encoding=accepted, if_none_match=sent
            )
            assert (again.status_code, data) == (304, b"")
            assert again.headers["etag"] == tag
            assert "Accept-Encoding" in again.headers["vary"].split(", ")
            assert "content-encoding" not in again.headers
    other, _ = _raw(server, f"/web/{_NAME}", accept_encoding="identity", if_none_match=tags["gzip"])
    assert other.status_code == 200


def test_a_head_names_what_a_get_sends(server: ServerProcess) -> None:
    with server.client() as client:
        headers = {"Accept-Encoding": "gzip"}
        head = client.head("/", headers=headers)
        got = client.get("/", headers=headers)
    names = ("content-length", "content-encoding", "etag", "vary", "content-security-policy")
    assert [head.headers[name] for name in names] == [got.headers[name] for name in names]
    assert head.content == b""


def test_answers_of_the_api_are_not_compressed(server: ServerProcess) -> None:
    answer, _ = _raw(server, "/ping", accept_encoding="gzip")
    assert "content-encoding" not in answer.headers
