"""`/`: what a person sees who opens the server in a browser."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from scripts.make_picture import CHROMIUM
from tests.conftest import StartServer
from tests.server import DEAF, ServerProcess


class Page(HTMLParser):
    """The text of each code block, the links and the tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.blocks: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.words = ""
        self._inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._inside.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        if tag == "pre":
            self.blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            continue

    def handle_data(self, data: str) -> None:
        if "style" not in self._inside:
            self.words += data
        if "pre" in self._inside:
            self.blocks[-1] += data


def page_of(server: ServerProcess, **headers: str) -> tuple[httpx.Response, Page]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with server.client(headers=named) as client:
        answer = client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer, Page(answer.text)


@pytest.fixture(scope="module")
def open_server(start_server: StartServer) -> ServerProcess:
    return start_server(**DEAF)


@pytest.fixture(scope="module")
def keyed(start_server: StartServer) -> ServerProcess:
    return start_server(**DEAF, API_KEYS="secret")


def test_it_says_what_this_is_and_whether_it_is_ready(open_server: ServerProcess) -> None:
    answer, page = page_of(open_server)
    words = " ".join(page.words.split())
    assert "A video goes in, live translated subtitles come out." in words
    assert "Ready" in words
    assert "Transcriptionoff" in words
    assert "Translationapertium: apertium-eng-spa" in words
    assert "http-equiv" not in answer.text, "a page of what is ready does not load itself again"
    assert {"/docs", "/health", "/ping"} <= set(page.links)
    with open_server.client() as client:
        for link in ("/docs", "/health", "/ping"):
            assert client.get(link).status_code == 200
        head = client.head("/")
    assert (head.status_code, head.content) == (200, b"")


def test_its_first_command_works(open_server: ServerProcess, tmp_path: Path) -> None:
    _, page = page_of(open_server)
    (tmp_path / "talk.mp4").write_text("1\n00:00:01,000 --> 00:00:03,000\nWhere is the house?\n")
    assert page.blocks[0].startswith("curl ")
    subprocess.run(["bash", "-ec", page.blocks[0]], cwd=tmp_path, check=True)
    assert "casa" in (tmp_path / "talk.es.srt").read_text()


def test_commands_are_for_the_address_that_it_was_asked_at(open_server: ServerProcess) -> None:
    _, page = page_of(open_server, Host="abc-5001.proxy.example", X_Forwarded_Proto="https")
    for block in page.blocks:
        assert "https://abc-5001.proxy.example/api/" in block


@pytest.mark.parametrize("host", ["x'; rm -rf ~ #", "a<script>alert(1)</script>", "", "a b"])
def test_a_hostile_host_does_not_get_into_a_command(open_server: ServerProcess, host: str) -> None:
    answer, page = page_of(open_server, Host=host)
    assert "script>" not in answer.text
    for block in page.blocks:
        assert re.search(rf"http://localhost:{open_server.port}/api/", block)


def test_it_runs_nothing_and_loads_nothing(open_server: ServerProcess) -> None:
    answer, page = page_of(open_server)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in policy
    assert "unsafe" not in policy
    assert "script" not in page.tags
    assert all(link.startswith(("/", "data:")) for link in page.links), page.links


def test_where_keys_are_wanted_it_says_so(keyed: ServerProcess) -> None:
    _, page = page_of(keyed)
    assert "wants one of its keys" in page.words
    for block in page.blocks:
        assert '-H "X-API-Key: $CUESTREAM_KEY"' in block
    assert "/docs" not in page.links, "a link would lead to a refusal"
    assert "secret" not in page.words


def test_a_failure_is_said_and_escaped(start_server: StartServer) -> None:
    server = start_server(ready=False, WHISPER_MODEL="no <such> model", LOAD_FAILURE_EXIT_S="0")
    server.wait_listening()
    with server.client() as client:
        while client.get("/ping").status_code == 204:
            time.sleep(0.1)
        reason = client.get("/health").json()["error"]
    answer, page = page_of(server)
    assert "The engines could not be loaded" in page.words
    assert reason in page.words
    assert "<such>" in reason
    assert "<such>" not in answer.text


@pytest.fixture
def browser(tmp_path: Path) -> list[str]:
    return [*CHROMIUM, f"--user-data-dir={tmp_path}", "--enable-logging=stderr", "--v=0"]


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no browser is installed")
def test_a_browser_shows_it_as_it_is_meant(open_server: ServerProcess, browser: list[str]) -> None:
    done = subprocess.run(
        [*browser, "--window-size=400,900", "--dump-dom", f"{open_server.url}/"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "<h1>Cuestream</h1>" in done.stdout
    assert "Refused to" not in done.stderr
    assert "Content Security Policy" not in done.stderr
