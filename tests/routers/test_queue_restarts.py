"""The job API over the end of its server."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.routers.test_queue_api import SRT, Receiver, ended, until
from tests.server import DEAF, ServerProcess, free_port


@pytest.fixture
def held_media() -> Iterator[tuple[str, threading.Event, list[str]]]:
    """An address that answers, with 404, only once the event is set."""
    go = threading.Event()
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            go.wait(60)
            with suppress(OSError):  # the server that asked is gone
                self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_address[1]}/talk.mp3", go, asked
        go.set()
        http.shutdown()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_server_that_was_killed_knows_its_jobs_and_ends_them_once(
    tmp_path: Path, held_media: tuple[str, threading.Event, list[str]]
) -> None:
    url, go, asked = held_media
    receiver = Receiver()
    settings = {**DEAF, "ALLOW_PRIVATE_URLS": "true", "JOB_LEASE_S": "1", "PORT": str(free_port())}
    settings |= {"WEBHOOK_FIRST_WAIT_S": "0.05", "MAX_JOBS": "1"}
    app = "tests.queue_app:application()"
    server = ServerProcess(tmp_path, settings, app)
    server.wait_ready()
    with server.client() as api:
        captions = {"captions": SRT, "captions_lang": "en"}
        done = api.post("/run", json={"input": captions}).json()["id"]
        assert ended(api, done)["status"] == "COMPLETED"
        body = {"input": {"url": url}, "webhook": receiver.url}
        running = api.post("/run", json=body).json()["id"]
        until(lambda: bool(asked))
        body = {"input": captions, "webhook": receiver.url}
        waiting = api.post("/run", json=body).json()["id"]
        assert api.get(f"/status/{waiting}").json()["status"] == "IN_QUEUE"
        before = api.get(f"/status/{done}").json()["output"]
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()
    until(lambda: not _listens(server.port))  # its worker processes end a moment later
    go.set()
    again = ServerProcess(tmp_path, settings, app)
    try:
        again.wait_ready()
        with again.client() as api:
            assert api.get(f"/status/{done}").json()["output"] == before
            assert ended(api, running)["status"] == "FAILED"
            output = ended(api, waiting)["output"]
            cues = [cue for part in output for cue in part["subtitles"]]
            assert cues == [cue for part in before for cue in part["subtitles"]]
            until(lambda: len(receiver.calls) >= 2)
            told = {json.loads(body)["id"]: json.loads(body) for _, body in receiver.calls}
            assert told.keys() == {running, waiting}
            assert told[waiting]["output"] == output
            assert len(receiver.calls) == 2
    finally:
        again.stop()
        receiver.server.shutdown()
