"""How jobs are shared, resumed, kept alive and stopped."""

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api_requests import SSE, post_file, stream_file, stream_json
from tests.conftest import StartServer
from tests.media_server import MediaServer
from tests.processes import media_programs_of
from tests.server import Frames, ServerProcess, iter_frames, read_frame, read_stream

HITS = 'cuestream_cache_hits_total{stage="windows"}'
MISSES = 'cuestream_cache_misses_total{stage="windows"}'


PATIENT = {"ALLOW_PRIVATE_URLS": "true", "FETCH_READ_S": "300"}
"""Settings of a server that waits for a recording whose bytes do not come."""


@pytest.fixture(scope="module")
def endless(site: MediaServer, dialogue: Path) -> str:
    """The address of a recording that stops in the middle: its job runs until it is ended."""
    return site.add(dialogue).replace(dialogue.name, f"stall/{dialogue.name}")


def until(condition: Any, limit_s: float = 60) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def running(server: ServerProcess) -> int:
    with server.client() as client:
        return int(client.get("/health").json()["jobs"]["running"])


def metric(server: ServerProcess, name: str) -> float:
    with server.client() as client:
        for line in client.get("/metrics").text.splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
    return 0.0


def is_idle(server: ServerProcess) -> bool:
    """Whether the engine does nothing for a second."""
    before = metric(server, "cuestream_engine_busy_seconds")
    time.sleep(1)
    return metric(server, "cuestream_engine_busy_seconds") == before


def test_resume_replays_exactly_what_was_missed(server: ServerProcess, dialogue: Path) -> None:
    whole = stream_file(server, dialogue, target_lang="es", force_refresh="true")
    job = whole.data[0]["job_id"]
    cut = len(whole.ids) // 2
    last_seen = next(i for i in reversed(whole.ids[:cut]) if i is not None)
    missed = [
        d for i, d in zip(whole.ids, whole.data, strict=True) if i and int(i) > int(last_seen)
    ]
    with server.client() as client:
        for how in ({"headers": {"Last-Event-ID": last_seen}}, {"params": {"after": last_seen}}):
            with client.stream("GET", f"/api/jobs/{job}/events", **how) as response:
                again = read_stream(response)
            again.data[0].pop("job_id")
            again.data[0].pop("events")
            assert again.data == missed, "numbers of batches go on where they were"


def test_a_stream_that_was_cut_follows_on_while_the_job_still_works(
    server: ServerProcess, brief_talk: Path
) -> None:
    frames = Frames()
    with server.client() as client, brief_talk.open("rb") as file:
        body = {"files": {"file": file}, "data": {"target_lang": "es", "prompt": "resume"}}
        with client.stream("POST", "/api/stream", headers=SSE, **body) as response:
            job = response.headers["X-Job-Id"]
            for raw in iter_frames(response):
                read_frame(frames, raw)
                if len(frames.batches) == 3:
                    break
        last = next(i for i in reversed(frames.ids) if i)
        headers = {"Last-Event-ID": last}
        with client.stream("GET", f"/api/jobs/{job}/events", headers=headers) as response:
            rest = read_stream(response)
    assert rest.result is not None
    numbers = [b["batchInfo"]["current"] for b in frames.batches + rest.batches]
    assert numbers == list(range(1, len(numbers) + 1)), "none lost, none twice"
    assert frames.cues + rest.cues == rest.result["subtitles"]


@pytest.mark.parametrize("bad", ["abc", "-1", "1.5", "²"])
def test_a_last_event_id_that_is_no_number(server: ServerProcess, dialogue: Path, bad: str) -> None:
    job = stream_file(server, dialogue).data[0]["job_id"]
    with server.client() as client:
        answer = client.get(f"/api/jobs/{job}/events", headers={"Last-Event-ID": bad.encode()})
        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid_field"


def test_25_and_26_equal_requests_share_one_job_and_each_gets_its_own_shape(
    start_server: StartServer, brief_talk: Path
) -> None:
    server = start_server()
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(stream_file, server, brief_talk, "/api/process", target_lang="es")
        until(lambda: running(server) == 1)
        time.sleep(0.5)
        second = pool.submit(stream_file, server, brief_talk, "/api/stream", target_lang="es")
        third = pool.submit(stream_file, server, brief_talk, "/api/process", target_lang="es")
        most = 0
        while not first.done():
            most = max(most, running(server))
            time.sleep(0.2)
        frames = [future.result() for future in (first, second, third)]
    assert most == 1
    assert len({f.data[0]["job_id"] for f in frames}) == 1
    subtitles = [f.result["subtitles"] for f in frames if f.result]
    assert len(subtitles) == 3
    assert subtitles[0] == subtitles[1] == subtitles[2]
    assert frames[0].batches == frames[2].batches == []
    assert [b["batchInfo"]["current"] for b in frames[1].batches][:2] == [1, 2]


def test_25_if_the_shared_job_fails_both_learn_of_it(
    start_server: StartServer, site: MediaServer, brief_talk: Path
) -> None:
    server = start_server(ALLOW_PRIVATE_URLS="true", FETCH_READ_S="6")
    url = site.add(brief_talk).replace(brief_talk.name, f"stall/{brief_talk.name}")
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(stream_json, server, {"url": url}) for _ in range(2)]
        errors = [future.result().error for future in both]
    assert all(error and error["code"] == "source_failed" for error in errors)
    assert metric(server, 'cuestream_jobs_total{outcome="failed"}') == 1


def test_24_and_runpod_15_work_stops_with_the_last_reader_and_a_repeat_goes_on_from_there(
    start_server: StartServer, long_talk: Path
) -> None:
    server = start_server(JOB_GRACE_S="0.3")
    with server.client() as client, long_talk.open("rb") as file:
        with client.stream("POST", "/api/stream", files={"file": file}, headers=SSE) as response:
            frames = Frames()
            for raw in iter_frames(response):
                read_frame(frames, raw)
                if len(frames.batches) == 8:
                    break
    until(lambda: running(server) == 0)
    assert metric(server, 'cuestream_jobs_total{outcome="cancelled"}') == 1
    until(lambda: metric(server, "cuestream_queue_windows") == 0)
    assert not media_programs_of(server)
    assert list(server.folder.rglob("*.upload")) == []
    until(lambda: is_idle(server))  # a window that was cancelled while it was decoded goes on
    missed, found = metric(server, MISSES), metric(server, HITS)
    again = stream_file(server, long_talk)
    assert again.result is not None
    assert metric(server, HITS) - found >= 1, "what was transcribed before the cut is reused"
    assert metric(server, MISSES) - missed >= 1, "the work went on after the cut"


def test_a_reader_who_comes_back_within_the_grace_time_keeps_the_job(
    start_server: StartServer, endless: str
) -> None:
    server = start_server(JOB_GRACE_S="3", **PATIENT)
    with server.client() as client:
        body = {"url": endless}
        with client.stream("POST", "/api/stream", json=body, headers=SSE) as response:
            job = response.headers["X-Job-Id"]
            next(iter_frames(response))
        time.sleep(0.5)
        assert running(server) == 1
        with client.stream("GET", f"/api/jobs/{job}/events") as response:
            reading = iter_frames(response)
            next(reading)
            time.sleep(4)
            assert running(server) == 1, "a reader was there"


def test_a_json_caller_who_leaves_stops_the_work_at_once(
    start_server: StartServer, endless: str
) -> None:
    server = start_server(JOB_GRACE_S="600", **PATIENT)
    request = httpx.Request("POST", f"{server.url}/api/process", json={"url": endless})
    caller = http.client.HTTPConnection("127.0.0.1", server.port)
    caller.request("POST", "/api/process", request.read(), dict(request.headers))
    until(lambda: running(server) == 1)
    caller.close()
    until(lambda: running(server) == 0)
    assert metric(server, 'cuestream_jobs_total{outcome="cancelled"}') == 1, "it ran to its end"


def test_06_and_runpod_14_signs_of_life_while_nothing_happens(
    start_server: StartServer, site: MediaServer, brief_talk: Path
) -> None:
    """At a tenth of the usual times, which are settings."""
    server = start_server(
        ALLOW_PRIVATE_URLS="true", FETCH_READ_S="9", COMMENT_S="0.8", HEARTBEAT_S="1.2"
    )
    url = site.add(brief_talk).replace(brief_talk.name, f"stall/{brief_talk.name}")

    def follow(route: str) -> Frames:
        body = {"url": url, "force_refresh": True}
        with (
            server.client() as client,
            client.stream("POST", route, json=body, headers=SSE) as response,
        ):
            return read_stream(response)

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(follow, ("/api/stream", "/api/process")))
    for frames in both:
        signs = "".join("c" if raw.startswith(b":") else "s" for raw in frames.raw)
        assert "ccc" not in signs, "a stage is due after one comment and a half"
        assert frames.comments >= 3
        repeated = [stage["message"] for stage in frames.stages if stage["message"][-3:] == " s)"]
        waited_s = int(repeated[-1].rpartition("(")[2].removesuffix(" s)"))
        assert waited_s >= 8, "whole seconds of nearly nine"
        assert len(repeated) >= waited_s / 3, "by the server's own clock, each time in 3 s at least"
        waiting = [d for i, d in zip(frames.ids, frames.data, strict=True) if i is None]
        assert waiting, "signs of life have no id: they are not part of the log"
        assert frames.error is not None


def test_default_times_are_those_that_the_contract_asks_for(server: ServerProcess) -> None:
    from app.settings import JobSettings

    assert JobSettings().comment_s <= 10
    assert JobSettings().heartbeat_s + 2 <= 15
    assert JobSettings().job_grace_s == 30


def test_07_a_stream_begins_while_the_models_still_load(
    start_server: StartServer, dialogue: Path
) -> None:
    server = start_server(ready=False)
    server.wait_listening()
    with (
        server.client() as client,
        client.stream(
            "POST",
            "/api/stream",
            files={"file": dialogue.read_bytes()},
            data={"target_lang": "es"},
            headers=SSE,
        ) as response,
    ):
        frames_iterator = iter_frames(response)
        frames = Frames()
        read_frame(frames, next(frames_iterator))
        assert client.get("/ping").status_code == 204, "the stream waited for the models"
        for raw in frames_iterator:
            read_frame(frames, raw)
    assert frames.result is not None


def test_first_bytes_come_before_the_media_does(server: ServerProcess, endless: str) -> None:
    body = {"url": endless, "force_refresh": True}
    with (
        server.client() as client,
        client.stream("POST", "/api/stream", json=body, headers=SSE) as response,
    ):
        frames = Frames()
        read_frame(frames, next(iter_frames(response)))
        assert running(server) == 1, "nothing else would end the wait: the recording stalls"
    assert frames.stages[0]["percent"] < 100


def test_runpod_11_when_full_the_next_is_turned_away_at_once(
    start_server: StartServer, endless: str, dialogue: Path
) -> None:
    server = start_server(MAX_JOBS="1", **PATIENT)
    with server.client() as client:
        body = {"url": endless}
        with client.stream("POST", "/api/stream", json=body, headers=SSE) as response:
            reading = iter_frames(response)
            next(reading)
            assert post_file(server, dialogue, target_lang="?").status_code == 400
            refused = post_file(server, dialogue)
            assert running(server) == 1, "no place became free, so nobody can have waited for one"
            assert refused.status_code == 429
            assert int(refused.headers["Retry-After"]) > 0
            assert refused.json()["code"] == "overloaded"
            assert refused.json()["retryable"] is True
    assert len(list(server.folder.rglob("*.upload"))) <= 1, "the refused upload was kept"


def test_runpod_13_and_36_a_late_json_answer_keeps_its_connection_and_ends_in_time(
    start_server: StartServer, endless: str
) -> None:
    server = start_server(SYNC_KEEPALIVE_AFTER_S="1", SYNC_LIMIT_S="4", **PATIENT)
    with server.client() as client:
        with client.stream("POST", "/api/process", json={"url": endless}) as response:
            assert response.status_code == 200, "it began only when the time was up"
            reading = response.iter_raw()
            assert next(reading).strip() == b"", "spaces come ahead of the answer"
            body = b"".join(reading)
        assert b"timed_out" in body
        assert b"/api/jobs/" in body
    assert running(server) == 1, "it can still be followed"


def test_runpod_18_a_job_of_another_worker_is_a_clear_404(
    start_server: StartServer, server: ServerProcess, dialogue: Path
) -> None:
    job = stream_file(server, dialogue).data[0]["job_id"]
    other = start_server()
    with other.client() as client:
        answer = client.get(f"/api/jobs/{job}/events")
    assert answer.status_code == 404
    assert answer.json()["code"] == "job_not_found"


def test_a_native_reader_sees_drafts_and_their_revisions(
    server: ServerProcess, dialogue: Path
) -> None:
    job = stream_file(server, dialogue, target_lang="es").data[0]["job_id"]
    with (
        server.client() as client,
        client.stream("GET", f"/api/jobs/{job}/events", params={"view": "native"}) as response,
    ):
        frames = read_stream(response)
    assert frames.result is not None
    kinds = {d.get("type") for d in frames.data}
    assert "cues" in kinds
    with server.client() as client:
        assert client.get(f"/api/jobs/{job}/events", params={"view": "odd"}).status_code == 404
