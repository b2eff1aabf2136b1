"""Leaving: SIGTERM hands streams over, SIGKILL leaves nothing behind; numbers are RunPod's."""

import signal
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.api_requests import SSE, stream_file
from tests.conftest import StartServer
from tests.media_server import MediaServer
from tests.processes import command_of, descendants_of, kill, name_of
from tests.server import Frames, ServerProcess, iter_frames, read_frame


class Reader(threading.Thread):
    """Reads a stream in the background until it ends."""

    def __init__(self, server: ServerProcess, path: Path, route: str = "/api/stream") -> None:
        super().__init__()
        self.frames = Frames()
        self._server = server
        self._path = path
        self._route = route
        self.start()

    def run(self) -> None:
        with self._server.client() as client, self._path.open("rb") as file:
            with client.stream("POST", self._route, files={"file": file}, headers=SSE) as response:
                for raw in iter_frames(response):
                    read_frame(self.frames, raw)

    def wait_for_batches(self, count: int) -> None:
        deadline = time.monotonic() + 60
        while len(self.frames.batches) < count:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_runpod_17_sigterm_turns_the_check_503_and_ends_streams_with_a_final_event(
    start_server: StartServer, long_talk: Path
) -> None:
    server = start_server(SHUTDOWN_FINISH_S="1")
    readers = [Reader(server, long_talk), Reader(server, long_talk, "/api/process")]
    readers[0].wait_for_batches(2)
    with server.client() as client:
        assert client.get("/ping").status_code == 200
        server.process.send_signal(signal.SIGTERM)
        while (status := client.get("/ping").status_code) == 200:
            time.sleep(0.02)
        assert status == 503
        refused = client.post("/api/process", json={"video_id": "x" * 11})
        assert refused.status_code == 503
        assert refused.json()["code"] == "server_shutdown"
    assert server.wait_exit(60) == 0
    assert "timeout graceful shutdown exceeded" not in server.log, "streams held the exit up"
    assert "Application shutdown complete" in server.log, "gunicorn killed the worker"
    for reader in readers:
        reader.join(60)
        assert reader.frames.error is not None
        assert reader.frames.error["code"] == "server_shutdown"
        assert reader.frames.error["retryable"] is True
        assert "error" in reader.frames.data[-1]
        assert reader.frames.data[-2]["message"] == "The server is shutting down"
        assert reader.frames.result is None, "the job was not waited for"
    assert b"retry: " in readers[0].frames.raw[-1]


def test_sigterm_ends_a_waiting_json_client_with_the_code_of_streams(
    start_server: StartServer, long_talk: Path
) -> None:
    server = start_server(SHUTDOWN_FINISH_S="1")
    answers: list[httpx.Response] = []

    def wait_for_json() -> None:
        with server.client() as client, long_talk.open("rb") as file:
            answers.append(client.post("/api/process", files={"file": file}))

    waiting = threading.Thread(target=wait_for_json)
    waiting.start()
    with server.client() as client:
        deadline = time.monotonic() + 60
        while client.get("/health").json()["jobs"]["running"] == 0:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        server.process.send_signal(signal.SIGTERM)
    waiting.join(90)
    assert server.wait_exit(60) == 0
    (answer,) = answers
    body = answer.json()
    assert body["code"] == "server_shutdown"
    assert body["retryable"] is True
    # A late answer has begun with spaces, and its status is 200 then.
    assert answer.status_code == 503 or answer.content.startswith(b" ")


def test_a_stream_that_is_nearly_done_still_finishes(
    start_server: StartServer, dialogue: Path
) -> None:
    server = start_server(SHUTDOWN_FINISH_S="30")
    reader = Reader(server, dialogue)
    reader.wait_for_batches(1)
    server.process.send_signal(signal.SIGTERM)
    reader.join(90)
    assert reader.frames.result is not None
    assert server.wait_exit(60) == 0


def test_sigkill_in_mid_stream_leaves_no_process_and_the_next_start_sweeps_its_files(
    start_server: StartServer, site: MediaServer, long_talk: Path, tmp_path: Path
) -> None:
    # A store on disk would keep the upload, for the job goes on after the next start.
    server = start_server(ALLOW_PRIVATE_URLS="true", WORK_DIR=str(tmp_path), JOB_STORE="memory")
    reader = threading.Thread(target=_read_until_cut, args=(server, long_talk))
    reader.start()
    deadline = time.monotonic() + 60
    programs = {"ffmpeg", "python"}
    while not programs <= {name_of(p).rstrip("0123456789.") for p in descendants_of(server)}:
        assert time.monotonic() < deadline, descendants_of(server)
        time.sleep(0.02)
    children = descendants_of(server)
    assert any(tmp_path.rglob("*.upload"))
    # The first one that dies takes its children with it, so they are looked up beforehand.
    every = (psutil.Process(server.process.pid), *children)
    kill([process for process in every if "gunicorn" in command_of(process)])
    reader.join(60)
    gone, alive = psutil.wait_procs(children, timeout=60)
    assert alive == [], [command_of(p) for p in alive]
    assert gone
    assert any(tmp_path.rglob("*.upload")), "nobody could tidy up"
    again = start_server(ALLOW_PRIVATE_URLS="true", WORK_DIR=str(tmp_path))
    assert not any(tmp_path.rglob("*.upload")), "the next start sweeps"
    assert again.stop() == 0


def _read_until_cut(server: ServerProcess, path: Path) -> None:
    with pytest.raises(httpx.HTTPError):
        stream_file(server, path)
