"""The extension against a RunPod queue; 36 is the contract's number."""

import asyncio
import itertools
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.api_requests import SSE
from tests.clients.conftest import AddVideo
from tests.clients.extension_client import run_extension
from tests.conftest import StartServer, read_samples, write_wav
from tests.server import ServerProcess, iter_frames

BASES = ("", "/v2/abc123def")


def queued(server: ServerProcess, base: str, **body: Any) -> Any:
    return run_extension(
        "queued",
        base=f"{server.url}{base}/",
        backendApiKey="a-key",
        limits={"poll": 150},
        body={"target_lang": "es", "force_whisper": False, **body},
    )


def status(server: ServerProcess, job_id: str) -> Any:
    with server.client() as client:
        return client.get(f"/status/{job_id}").json()


@pytest.mark.parametrize("base", BASES)
def test_36_the_batches_put_together_are_the_result(
    youtube: ServerProcess, add_video: AddVideo, dialogue: Path, base: str
) -> None:
    told = queued(youtube, base, video_id=add_video(dialogue, "queued_vid1"))
    with youtube.client() as client:
        kept = client.get(f"/api/jobs/{told['id']}").json()["result"]["subtitles"]
    assert told["result"] == kept
    assert "agua" in " ".join(cue["translatedText"] for cue in told["result"])
    for before, after in itertools.pairwise(told["result"]):
        assert before["end"] <= after["start"]
    assert told["progress"][-1]["stage"] == "completed"
    assert {p["stage"] for p in told["progress"]} <= {"in_queue", "in_progress", "completed"}


def test_36_a_long_output_comes_in_batches_without_repeats() -> None:
    from app.domain.cue import Cue
    from app.domain.events import Done, Result
    from app.domain.request import JobRequest, SiteVideo
    from app.domain.time import Span
    from app.routers.job_report import job_report
    from app.services.jobs.record import JobRecord
    from app.services.jobs.runtime import JobRuntime

    cues = tuple(Cue(n, Span(n * 1000, n * 1000 + 900), f"line {n}") for n in range(250))
    job = JobRuntime(JobRecord(JobRequest(SiteVideo("https://example.com"))), grace_s=1)
    job.log.append(Done(Result(cues, False, "en", 250_000, 100, {})))
    frame: Any = asyncio.run(job_report(job, "caller"))
    output = list(frame["output"])
    assert len(output) > 1
    texts = [cue["text"] for batch in output for cue in batch["subtitles"]]
    assert texts == [f"line {n}" for n in range(250)]


def test_36_a_failure_is_told_with_its_text(
    youtube: ServerProcess, add_video: AddVideo, tmp_path: Path
) -> None:
    write_wav(
        tmp_path / "noise.wav", np.random.default_rng(3).normal(0, 0.02, 160_000).astype(np.float32)
    )
    told = queued(youtube, "/v2/abc", video_id=add_video(tmp_path / "noise.wav", "queue_noise"))
    assert told["error"] == "No speech was found"
    assert status(youtube, told["id"])["status"] == "FAILED"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "input is required"),
        ({"input": []}, "input is required"),
        ({"input": {"video_id": "?"}}, "Invalid video_id format"),
        ({"input": {"video_id": "x" * 11, "target_lang": "xx"}}, "Invalid target language"),
        ({"input": {"video_id": 5}}, "video_id"),
        ([], "JSON object"),
    ],
)
def test_36_bad_input_is_refused(youtube: ServerProcess, body: Any, text: str) -> None:
    with youtube.client() as client:
        for path in ("/run", "/v2/abc/run"):
            answer = client.post(path, json=body)
            assert answer.status_code == 400
            assert text in answer.json()["error"]


def test_36_a_job_that_nobody_knows_is_a_404(youtube: ServerProcess) -> None:
    with youtube.client() as client:
        for answer in (client.get("/v2/abc/status/nobody"), client.post("/cancel/nobody")):
            assert answer.status_code == 404
            assert isinstance(answer.json()["error"], str)


@pytest.fixture(scope="module")
def slow_video(
    add_video: AddVideo, long_talk: Path, tmp_path_factory: pytest.TempPathFactory
) -> str:
    path = tmp_path_factory.mktemp("slow") / "slow.wav"
    write_wav(path, read_samples(long_talk) * np.float32(0.8))
    return add_video(path, "queue_slow1")


def test_36_cancelling_stops_the_work(youtube: ServerProcess, slow_video: str) -> None:
    with youtube.client() as client:
        job_id = client.post("/run", json={"input": {"video_id": slow_video}}).json()["id"]
        until(lambda: status(youtube, job_id)["status"] == "IN_PROGRESS")
        health = client.get("/v2/abc/health").json()
        assert (health["status"], health["jobs"]["inProgress"]) == ("ok", 1)
        assert health["workers"]["running"] == 1
        assert run_extension("health", base=f"{youtube.url}/v2/abc")["online"] is True
        assert client.post(f"/v2/abc/cancel/{job_id}").json()["status"] == "CANCELLED"
        until(lambda: status(youtube, job_id)["status"] == "CANCELLED")
        assert client.get("/health").json()["jobs"]["running"] == 0


def test_36_a_job_lives_on_while_it_is_asked_for_though_its_other_reader_left(
    youtube: ServerProcess, slow_video: str
) -> None:
    body = {"video_id": slow_video, "target_lang": "es"}
    with youtube.client() as client:
        job_id = client.post("/run", json={"input": body}).json()["id"]
        with client.stream("POST", "/api/process", json=body, headers=SSE) as response:
            shared = client.get(f"/api/jobs/{job_id}").json()["job_id"]
            assert response.headers["X-Job-Id"] == shared, "they share one job"
            next(iter_frames(response))
        time.sleep(4)
        assert status(youtube, job_id)["status"] in ("IN_PROGRESS", "COMPLETED")
        client.post(f"/cancel/{job_id}")


def test_36_the_queue_wants_a_key_where_the_api_does(start_server: StartServer) -> None:
    server = start_server(ready=False, API_KEYS="backend-key")
    server.wait_listening()
    with server.client() as client:
        for answer in (
            client.post("/run", json={"input": {}}),
            client.get("/v2/abc/status/x"),
            client.get("/v2/abc/health"),
        ):
            assert answer.status_code == 401
        headers = {"Authorization": "Bearer backend-key"}
        health = client.get("/v2/abc/health", headers=headers).json()
        assert health["status"] == "ok"
    assert run_extension("queued", base=server.url, body={})["asked"] is False


def until(condition: Any, limit_s: float = 20) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)
