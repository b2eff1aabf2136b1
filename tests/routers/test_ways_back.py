"""Every way back to a job: files that were asked for, cancels, ends of streams, odd addresses."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.api_requests import SSE, post_file, stream_file
from tests.conftest import StartServer
from tests.media_server import MediaServer
from tests.server import ServerProcess, read_stream

SRT_FIRST = "1\n00:00:0"


def until(condition: Callable[[], bool], limit_s: float = 60) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def finished(server: ServerProcess, dialogue: Path) -> Any:
    """A job whose caller asked for SRT and VTT."""
    answer = post_file(server, dialogue, formats="srt,vtt").json()
    assert sorted(answer["formats"]) == ["srt", "vtt"]
    return answer


def test_files_come_on_every_way_back_to_a_job(server: ServerProcess, finished: Any) -> None:
    job = f"/api/jobs/{finished['job_id']}"
    with server.client() as client:
        assert client.get(job).json()["result"]["formats"] == finished["formats"]
        with client.stream("GET", f"{job}/events", headers=SSE) as response:
            assert read_stream(response).result["formats"] == finished["formats"]  # type: ignore[index]
        other = client.get(job, params={"formats": "txt"}).json()["result"]["formats"]
        assert list(other) == ["txt"]
        with client.stream("GET", f"{job}/events?formats=ass", headers=SSE) as response:
            assert "[Events]" in read_stream(response).result["formats"]["ass"]  # type: ignore[index]
        queued = client.get(f"/status/{finished['job_id']}").json()
        assert queued["output"][-1]["formats"] == finished["formats"]
        refused = client.get(job, params={"formats": "doc"})
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_format")


def test_a_stream_says_where_it_goes_on_with_its_files(
    server: ServerProcess, dialogue: Path
) -> None:
    frames = stream_file(server, dialogue, formats="vtt")
    assert frames.stages[0]["events"].endswith("view=stream&formats=vtt")


def test_the_queue_gives_the_files_that_were_asked_for(
    server: ServerProcess, site: MediaServer, dialogue: Path, start_server: StartServer
) -> None:
    open_server = start_server(ALLOW_PRIVATE_URLS="true")
    body = {"input": {"url": site.add(dialogue), "formats": ["srt"]}}
    with open_server.client() as client:
        job_id = client.post("/run", json=body).json()["id"]

        def answer() -> Any:
            return client.get(f"/status/{job_id}").json()

        until(lambda: answer()["status"] == "COMPLETED")
        output = answer()["output"]
        assert output[-1]["formats"]["srt"].startswith(SRT_FIRST)


@pytest.mark.parametrize(
    ("extension", "media_type", "part"),
    [
        ("srt", "application/x-subrip", SRT_FIRST),
        ("vtt", "text/vtt", "WEBVTT"),
        ("ass", "text/x-ssa", "[Script Info]"),
        ("TXT", "text/plain", ""),
    ],
)
def test_a_job_is_a_file_of_any_format_and_name(
    server: ServerProcess, finished: Any, extension: str, media_type: str, part: str
) -> None:
    with server.client() as client:
        path = f"/api/jobs/{finished['job_id']}/files/el río.es.{extension}"
        answer, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (200, b""), "players ask what an address is"
    told = ("content-type", "content-length", "content-disposition")
    assert [head.headers[name] for name in told] == [answer.headers[name] for name in told]
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert f"el%20r%C3%ADo.es.{extension}" in answer.headers["content-disposition"]
    assert answer.headers["x-job-state"] == "done"
    assert answer.text.lstrip("\ufeff").startswith(part)
    if extension in finished["formats"]:
        assert answer.text == finished["formats"][extension]


def test_a_file_of_no_format_is_refused(server: ServerProcess, finished: Any) -> None:
    with server.client() as client:
        answer = client.get(f"/api/jobs/{finished['job_id']}/files/talk.doc")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_format")
        assert client.get("/api/jobs/nobody/files/talk.srt").status_code == 404


def test_a_running_job_is_a_file_of_what_is_there(
    start_server: StartServer, long_talk: Path
) -> None:
    server = start_server()
    with ThreadPoolExecutor(1) as pool, server.client() as client:
        job = pool.submit(stream_file, server, long_talk)
        until(lambda: client.get("/health").json()["jobs"]["running"] == 1)
        with client.stream("POST", "/api/stream", files={"file": long_talk.open("rb")}) as shared:
            job_id = shared.headers["x-job-id"]
            texts: list[str] = []

            def some() -> bool:
                answer = client_of_its_own.get(f"/api/jobs/{job_id}/files/now.srt")
                assert answer.headers["x-job-state"] == "running"
                texts.append(answer.text)
                return SRT_FIRST in answer.text

            with server.client() as client_of_its_own:
                until(some)
        server.stop()
        assert job.result().error
    assert texts[-1].count(" --> ") >= 1


def test_after_the_end_a_browser_is_told_to_connect_no_more(
    server: ServerProcess, finished: Any
) -> None:
    path = f"/api/jobs/{finished['job_id']}/events"
    with server.client() as client:
        with client.stream("GET", path, headers=SSE) as response:
            frames = read_stream(response)
        last = frames.raw[-1].split(b"id: ")[1].split(b"\n")[0].decode()
        again = client.get(path, headers={**SSE, "Last-Event-ID": last})
        assert (again.status_code, again.content) == (204, b"")
        before = str(int(last) - 1)
        with client.stream("GET", path, headers={**SSE, "Last-Event-ID": before}) as response:
            assert read_stream(response).result is not None
        foreign = str(int(last) + 1)
        for how in ({"headers": {**SSE, "Last-Event-ID": foreign}}, {"params": {"after": foreign}}):
            with client.stream("GET", path, **how) as response:
                whole = read_stream(response)
            assert whole.raw == frames.raw, "an event that the job never had was another job's"


def test_a_cancel_is_final_for_its_caller_and_nobody_else(
    start_server: StartServer, site: MediaServer, dialogue: Path
) -> None:
    server = start_server(ALLOW_PRIVATE_URLS="true", FETCH_READ_S="300", API_KEYS="one,two")
    stalled = site.add(dialogue).replace(dialogue.name, f"stall/{dialogue.name}")
    body = {"input": {"url": stalled}}
    with server.client(headers={"X-API-Key": "one"}) as one:
        with server.client(headers={"X-API-Key": "two"}) as two:
            first = one.post("/run", json=body).json()["id"]
            second = two.post("/run", json=body).json()["id"]
            assert second != first, "an id tells nothing of other callers"
            assert one.post(f"/cancel/{first}").json() == {"id": first, "status": "CANCELLED"}
            for _ in range(3):
                assert one.get(f"/status/{first}").json()["status"] == "CANCELLED"
            assert two.get(f"/status/{second}").json()["status"] in {"IN_QUEUE", "IN_PROGRESS"}
            anew = one.post("/run", json=body).json()["id"]
            assert anew != first, "asked for again, it is another job"
            for client, job_id in ((two, second), (one, anew)):
                assert client.post(f"/cancel/{job_id}").json()["status"] == "CANCELLED"
            until(lambda: one.get("/health").json()["jobs"]["running"] == 0)
            assert two.get(f"/status/{second}").json()["status"] == "CANCELLED"


@pytest.mark.parametrize("path", ["/ping", "/health"])
def test_head_is_answered_like_get(server: ServerProcess, path: str) -> None:
    with server.client() as client:
        head, whole = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]


@pytest.mark.parametrize("path", ["/ping/", "/health/", "/api/version/"])
def test_a_slash_at_the_end_leads_nowhere_else(server: ServerProcess, path: str) -> None:
    with server.client(follow_redirects=False) as client:
        assert client.get(path).status_code == 200


def test_a_body_survives_a_slash_at_the_end(server: ServerProcess, dialogue: Path) -> None:
    assert post_file(server, dialogue, "/api/process/").json()["subtitles"]


def test_http_1_0_gets_no_chunks(server: ServerProcess, finished: Any) -> None:
    path = f"/api/jobs/{finished['job_id']}/events"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert head.lower().count(b"\nconnection:") == 1
    assert b"\nconnection: close" in head.lower()
    assert body.startswith((b"id: ", b"data: ", b"retry: "))
    last = body.rstrip().rsplit(b"data: ", 1)[1]
    assert json.loads(last)["result"]["formats"] == finished["formats"]
