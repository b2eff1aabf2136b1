"""The job API over the end of its server."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
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


@contextmanager
def two_servers(
    folder: Path, **settings: str
) -> Iterator[tuple[ServerProcess, ServerProcess, Receiver]]:
    """Two servers that share their jobs, with one place each, and a receiver of webhooks."""
    settings |= {**DEAF, "MAX_JOBS": "1", "JOBS_DIR": str(folder / "jobs")}
    settings |= {"ALLOW_PRIVATE_URLS": "true"}
    receiver, servers = Receiver(), []
    for name in ("one", "other"):
        (folder / name).mkdir()
        servers.append(ServerProcess(folder / name, settings, "tests.queue_app:application()"))
    try:
        for server in servers:
            server.wait_ready()
        yield servers[0], servers[1], receiver
    finally:
        for server in servers:
            server.stop()
        receiver.server.shutdown()


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
        body = {"input": {"captions": f"{SRT} Or later."}, "webhook": receiver.url}
        late = api.post("/run", json=body).json()["id"]
        before = api.get(f"/status/{done}").json()["output"]
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()
    until(lambda: not _listens(server.port))  # its worker processes end a moment later
    with closing(sqlite3.connect(tmp_path / "cache" / "jobs" / "jobs.sqlite")) as jobs, jobs:
        jobs.execute("UPDATE jobs SET expires_at = ? WHERE id = ?", (time.time() - 1, late))
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
            until(lambda: len(receiver.calls) >= 3)
            told = {json.loads(body)["id"]: json.loads(body) for _, body in receiver.calls}
            assert told.keys() == {running, waiting, late}
            assert told[waiting]["output"] == output
            expired = ended(api, late)
            assert (expired["status"], expired["code"]) == ("TIMED_OUT", "job_expired")
            assert expired == told[late], "its time went by while there was no server"
            assert len(receiver.calls) == 3
    finally:
        again.stop()
        receiver.server.shutdown()


def test_calls_are_known_after_a_kill_and_done_once_or_said_not_to_be_repeated(
    tmp_path: Path,
) -> None:
    go = tmp_path / "go"
    settings = {**DEAF, "JOB_LEASE_S": "1", "PORT": str(free_port()), "MAX_JOBS": "3"}
    settings |= {"JOBS_DIR": str(tmp_path / "jobs")}
    app = "tests.queue_app:application()"
    server = ServerProcess(tmp_path, settings, app)
    server.wait_ready()
    held = {"path": "/held", "params": {"until": str(go)}}
    key = {"Idempotency-Key": "order-1"}
    with server.client() as api:
        done = api.post("/run", json={"input": {"answer": "kept"}}, headers=key).json()["id"]
        assert ended(api, done)["output"] == "kept"
        parts = _handed_in(api, parts=["one", f"wait {go}", "two"])
        seen: list[object] = []
        while not seen:
            seen += api.get(f"/stream/{parts}").json()["stream"]
        posted = _handed_in(api, **held, method="POST")
        fetched = _handed_in(api, **held, method="GET")
        for job_id in (posted, fetched):
            until(lambda job_id=job_id: _status(api, job_id) == "IN_PROGRESS")  # type: ignore[misc]
        waiting = _handed_in(api, answer="waited", api_key="a-key-of-the-caller")
        assert _status(api, waiting) == "IN_QUEUE", "every place for calls is taken"
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()
    until(lambda: not _listens(server.port))
    stored = b"".join(path.read_bytes() for path in (tmp_path / "jobs").glob("jobs.sqlite*"))
    assert b"a-key-of-the-caller" not in stored
    go.touch()
    again = ServerProcess(tmp_path, settings, app)
    try:
        again.wait_ready()
        with again.client() as api:
            body: dict[str, object] = {"input": {"answer": "kept"}}
            elsewhere = {**key, "Host": "another-name.test"}
            assert api.post("/run", json=body, headers=elsewhere).json()["id"] == done
            for other in ({"policy": {"ttl": 20_000}}, {"input": {"answer": "other"}}):
                answer = api.post("/run", json=body | other, headers=key)
                assert answer.json()["code"] == "idempotency_conflict"
            assert ended(api, done)["output"] == "kept"
            assert ended(api, fetched)["output"]["body"] == "done"
            interrupted = ended(api, posted)
            assert (interrupted["status"], interrupted["code"]) == ("FAILED", "job_interrupted")
            assert "not repeated" in interrupted["error"]
            assert ended(api, waiting)["output"] == "waited"
            assert ended(api, parts)["output"] == ["one", "two"]
            assert seen + api.get(f"/stream/{parts}").json()["stream"] == [
                {"output": "one"},
                {"output": "two"},
            ]
            assert api.post(f"/retry/{posted}").status_code == 200
            assert ended(api, posted)["output"]["body"] == "done", "its input is stored too"
    finally:
        again.stop()


def test_of_two_servers_one_purges_what_came_to_the_other_and_answers_who_waits_when_it_ends(
    tmp_path: Path,
) -> None:
    with two_servers(tmp_path, JOB_LEASE_S="1") as (one, other, receiver):
        with one.client() as api, other.client() as remote, ThreadPoolExecutor(3) as pool:
            body = {"input": {"answer": 1, "error": "again"}, "webhook": receiver.url}
            failed = api.post("/run", json=body).json()["id"]
            until(lambda: len(receiver.calls) == 1)
            for client in (api, remote):
                _cancelled_for_good(api, client, f"{tmp_path}/never", receiver)
            held = {"answer": "held", "until": f"{tmp_path}/never"}
            running = [_handed_in(api, **held) for _ in range(2)]
            for job_id in running:
                until(lambda job_id=job_id: _status(api, job_id) == "IN_PROGRESS")  # type: ignore[misc]
            waiting = [_handed_in(api, answer=n) for n in range(3)]
            assert _status(remote, waiting[0]) == "IN_QUEUE"
            assert remote.post("/purge-queue").json() == {"removed": 3, "status": "completed"}
            assert {ended(api, job_id)["status"] for job_id in waiting} == {"CANCELLED"}
            most = {"wait": 300_000}
            asked = [pool.submit(api.post, "/runsync", json={"input": held}, params=most)]
            asked += [pool.submit(api.get, f"/status-sync/{running[0]}", params=most)]
            until(lambda: api.get("/v2/ep/health").json()["jobs"]["inQueue"] == 1)
            assert _status(remote, failed) == "FAILED"
            assert api.post(f"/retry/{failed}").json()["status"] == "IN_QUEUE"
            assert _status(remote, failed) == "IN_QUEUE", "it is known there too"
            assert one.stop() == 0, "it waits for nobody who waits"
            answers = [each.result() for each in asked]
            assert [answer.status_code for answer in answers] == [200, 200]
            for answer in answers:
                assert answer.json()["status"] in {"IN_QUEUE", "IN_PROGRESS"}
                assert _status(remote, answer.json()["id"]) in {"IN_QUEUE", "IN_PROGRESS"}
            for job_id in {*running, *(answer.json()["id"] for answer in answers)}:
                remote.post(f"/cancel/{job_id}")
            until(lambda: len(receiver.calls) == 6)
            told = json.loads(receiver.calls[-1][1])
            assert told == ended(remote, failed), "the other one did it, under the caller's id"
            assert told["id"] == failed


def test_a_waiting_job_of_a_killed_server_is_cancelled_and_told_of_by_another_one(
    tmp_path: Path,
) -> None:
    with two_servers(tmp_path) as (one, other, receiver):
        with one.client() as api, other.client() as remote:
            held = [_handed_in(api, answer="held", until=f"{tmp_path}/never") for _ in range(2)]
            for job_id in held:
                until(lambda job_id=job_id: _status(api, job_id) == "IN_PROGRESS")  # type: ignore[misc]
            body = {"input": {"answer": 1}, "webhook": receiver.url}
            by_queue, by_list = (str(api.post("/run", json=body).json()["id"]) for _ in range(2))
            os.killpg(one.process.pid, signal.SIGKILL)
            one.process.wait()
            assert remote.post(f"/cancel/{by_queue}").json()["status"] == "CANCELLED"
            until(lambda: len(receiver.calls) == 1)
            assert remote.delete(f"/api/jobs/{by_list}").json()["cancelled"]
            until(lambda: len(receiver.calls) == 2)
            told = [json.loads(body) for _, body in receiver.calls]
            assert [each["id"] for each in told] == [by_queue, by_list]
            assert {each["status"] for each in told} == {"CANCELLED"}


def _cancelled_for_good(
    api: httpx.Client, client: httpx.Client, never: str, receiver: Receiver
) -> None:
    """Two jobs, so that each of two servers has one, are cancelled by the one that is asked."""
    before = len(receiver.calls)
    body = {"input": {"answer": 1, "until": never}, "webhook": receiver.url}
    jobs = {str(api.post("/run", json=body).json()["id"]) for _ in range(2)}
    for job_id in jobs:
        until(lambda job_id=job_id: _status(api, job_id) == "IN_PROGRESS")  # type: ignore[misc]
        assert client.post(f"/cancel/{job_id}").json()["status"] == "CANCELLED"
    done = _handed_in(api, answer="both places are free again")
    until(lambda: api.get("/v2/ep/health").json()["jobs"]["inProgress"] == 0)
    assert ended(api, done)["status"] == "COMPLETED"
    until(lambda: len(receiver.calls) >= before + 2)
    told = [json.loads(body)["id"] for _, body in receiver.calls[before:]]
    assert sorted(told) == sorted(jobs), "each is told of once"


def _handed_in(api: httpx.Client, **fields: object) -> str:
    return str(api.post("/run", json={"input": fields}).json()["id"])


def _status(api: httpx.Client, job_id: str) -> str:
    return str(api.get(f"/status/{job_id}").json()["status"])
