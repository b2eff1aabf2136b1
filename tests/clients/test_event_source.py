"""A job's events as a browser's own `EventSource` reads them, in Debian's Chromium."""

from __future__ import annotations

import http.server
import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

from scripts.make_picture import CHROMIUM
from tests.api_requests import stream_file
from tests.conftest import write_wav
from tests.server import ServerProcess

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="no browser is installed")

PAGE = Path(__file__).with_name("event_source.html")


@contextmanager
def page_server() -> Iterator[tuple[str, queue.Queue[Any]]]:
    """Serve the page; yield its address and what it sends."""
    sent: queue.Queue[Any] = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(PAGE.read_bytes() if self.path.startswith("/page") else b"")

        def do_POST(self) -> None:
            sent.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(b"")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/page", sent
    finally:
        server.shutdown()
        server.server_close()


def shown_by_chromium(addresses: Sequence[str], folder: Path) -> list[dict[str, Any]]:
    """Return what the readers of each stream were shown until the browser gave up by itself."""
    with page_server() as (page, sent):
        url = f"{page}?{urlencode([('follow', address) for address in addresses])}"
        command = ["setpriv", "--pdeathsig", "TERM", "--", *CHROMIUM, "--no-proxy-server"]
        command += [f"--user-data-dir={folder}", "--remote-debugging-port=0", url]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            shown: list[dict[str, Any]] = sent.get(timeout=120)
        finally:
            browser.terminate()
            browser.wait(30)
    return shown


@pytest.fixture(scope="module")
def shown(
    server: ServerProcess, dialogue: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """What is shown of a job that succeeded, of one that failed, and of what is no job."""
    folder = tmp_path_factory.mktemp("event_source")
    noise = folder / "noise.wav"
    write_wav(noise, np.random.default_rng(8).normal(0, 0.02, 160_000).astype(np.float32))
    paths = [stream_file(server, path).stages[0]["events"] for path in (dialogue, noise)]
    paths.append("/api/jobs/nobody/events")
    told = shown_by_chromium([server.url + path for path in paths], folder / "profile")
    return dict(zip(("done", "failed", "unknown"), told, strict=True))


def test_after_the_end_the_browser_stops_by_itself(shown: dict[str, dict[str, Any]]) -> None:
    """It would connect again every three seconds for ever after any answer but 204."""
    done = shown["done"]
    assert done["opens"] == 1, "the second answer opened nothing"
    assert done["errors"] == 2, "the end of the stream, then the refusal to go on"
    results = [message for message in done["messages"] if "result" in message]
    assert len(results) == 1
    assert results[0]["result"]["subtitles"]
    ids = [int(message["id"]) for message in done["messages"]]
    assert ids == sorted(set(ids)), "nothing came twice"


def test_an_error_reaches_those_who_listen_to_messages_alone(
    shown: dict[str, dict[str, Any]],
) -> None:
    failed = shown["failed"]
    assert failed["opens"] == 1
    [error] = [message for message in failed["messages"] if "error" in message]
    assert (error["error"], error["code"]) == ("No speech was found", "no_speech")
    assert [named["code"] for named in failed["named"]] == ["no_speech"]
    last = [message for message in failed["messages"] if "stage" in message][-1]
    assert (last["stage"], last["message"]) == ("failed", "No speech was found")


def test_what_is_no_job_is_given_up_at_once(shown: dict[str, dict[str, Any]]) -> None:
    assert shown["unknown"] == {"messages": [], "opens": 0, "errors": 1, "named": []}
