"""The queue worker in the SDK's own trials: its local server, and a single job."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.routers.test_queue_api import SRT
from tests.runpod_platform import WorkerProcess, until
from tests.server import free_port

BODY = {"captions": SRT, "captions_lang": "en"}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    port = str(free_port())
    arguments = ("--rp_serve_api", "--rp_api_host", "127.0.0.1", "--rp_api_port", port)
    worker = WorkerProcess(tmp_path_factory.mktemp("local"), {}, None, *arguments)
    until(lambda: "Uvicorn running" in worker.log, log=lambda: worker.log)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
        yield client
    assert worker.stop() in (0, -15), worker.log


def runsync(local: httpx.Client, fields: Any) -> dict[str, Any]:
    answer = local.post("/runsync", json={"input": fields})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_runpod_19_valid_input_is_completed(local: httpx.Client) -> None:
    told = runsync(local, BODY)
    assert told["status"] == "COMPLETED"
    assert [cue["text"] for part in told["output"] for cue in part["subtitles"]] == [
        "Good morning.",
        "The end.",
    ]
    assert runsync(local, {"answer": {"text": "bare"}})["output"] == {"text": "bare"}


def test_runpod_20_invalid_input_is_failed_with_a_text(local: httpx.Client) -> None:
    for fields in ({}, {"video_id": "?"}, {"path": ""}, {"parts": ["a", "defect"]}):
        told = runsync(local, fields)
        assert told["status"] == "FAILED"
        assert isinstance(told["error"], str)
        assert "Traceback" not in told["error"]
        assert "/srv" not in told["error"]


def test_runpod_23_the_parts_of_a_stream_are_the_output(local: httpx.Client) -> None:
    whole = runsync(local, BODY)["output"]
    job_id = local.post("/run", json={"input": BODY}).json()["id"]
    told = local.post(f"/stream/{job_id}").json()
    assert told["status"] == "COMPLETED"
    cues = [cue for part in told["stream"] for cue in part["output"]["subtitles"]]
    assert cues == [cue for part in whole for cue in part["subtitles"]]
    job_id = local.post("/run", json={"input": {"parts": [1, 2, 3]}}).json()["id"]
    assert local.post(f"/stream/{job_id}").json()["stream"] == [{"output": n} for n in (1, 2, 3)]


def test_a_stored_job_is_run_when_its_status_is_asked_for(local: httpx.Client) -> None:
    job_id = local.post("/run", json={"input": {"answer": {"n": 1}}}).json()["id"]
    assert local.post(f"/status/{job_id}").json()["output"] == {"n": 1}


def test_runpod_38_a_single_job_runs_and_its_end_is_the_exit_code(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    trial = json.dumps({"input": {"path": "/api/version", "method": "GET"}})
    worker = WorkerProcess(tmp_path_factory.mktemp("trial"), {}, None, "--test_input", trial)
    try:
        assert worker.process.wait(90) == 0, worker.log
    except subprocess.TimeoutExpired:
        worker.process.kill()
        raise
    assert "completed successfully" in worker.log
    assert "status_code" in worker.log
