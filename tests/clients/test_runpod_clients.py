"""RunPod's own clients, for Python and for JavaScript, against the job API."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import runpod
from runpod.endpoint.asyncio.asyncio_runner import Endpoint as AsyncEndpoint
from runpod.http_client import AsyncClientSession

from tests.clients.extension_client import HERE
from tests.routers.test_queue_api import SRT
from tests.server import DEAF, ServerProcess

KEY = "a-backend-key"
REQUEST = {"input": {"captions": SRT, "captions_lang": "en"}}
TEXTS = ["Good morning.", "The end."]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = {**DEAF, "API_KEYS": KEY}
    folder = tmp_path_factory.mktemp("runpod")
    server = ServerProcess(folder, settings, "tests.queue_app:application()")
    server.wait_ready()
    yield server.url
    server.stop()


@pytest.fixture
def endpoint(base: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(runpod, "endpoint_url_base", f"{base}/v2")
    return runpod.Endpoint("my-endpoint", api_key=KEY)


def texts(output: Any) -> list[str]:
    return [cue["text"] for part in output for cue in part["subtitles"]]


def node(program: str, **options: Any) -> Any:
    """Run a program of RunPod's JavaScript client; return its last line, after the client's own."""
    done = subprocess.run(
        ["node", HERE / program, json.dumps(options)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def long_jobs(base: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("gates")
    return node("runpod_long_jobs.mjs", base=base, key=KEY, folder=str(folder))


def test_53_the_python_client_hands_a_job_in_and_reads_it(endpoint: Any) -> None:
    job = endpoint.run(REQUEST)
    assert texts(job.output(timeout=60)) == TEXTS
    assert job.status() == "COMPLETED"


def test_53_the_python_client_wraps_a_bare_input(endpoint: Any) -> None:
    assert texts(endpoint.run(REQUEST["input"]).output(timeout=60)) == TEXTS
    assert endpoint.run_sync({"answer": {"n": 1}}) == {"n": 1}


def test_53_55_the_python_client_streams_every_part_once_and_ends(endpoint: Any) -> None:
    parts = [{"n": n} for n in range(3)]
    assert list(endpoint.run({"parts": parts}).stream()) == parts


def test_53_the_python_client_cancels_and_purges_without_a_body(
    endpoint: Any, tmp_path: Path
) -> None:
    job = endpoint.run({"answer": 1, "until": f"{tmp_path}/never"})
    assert job.cancel()["status"] == "CANCELLED"
    assert job.status() == "CANCELLED"
    assert endpoint.purge_queue() == {"removed": 0, "status": "completed"}
    health = endpoint.health()
    assert health["jobs"].keys() == {"completed", "failed", "inProgress", "inQueue", "retried"}
    assert health["workers"]["ready"] == 1


def test_53_the_python_client_is_told_that_its_key_is_wrong(base: str, endpoint: Any) -> None:
    with pytest.raises(RuntimeError, match="401"):
        runpod.Endpoint("my-endpoint", api_key="another").run(REQUEST)


async def test_the_asynchronous_python_client_does_the_same(
    base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runpod, "endpoint_url_base", f"{base}/v2")
    monkeypatch.setattr(runpod, "api_key", KEY)
    async with AsyncClientSession() as session:
        job = await AsyncEndpoint("my-endpoint", session).run(REQUEST["input"])
        assert texts(await job.output(timeout=60)) == TEXTS


def test_a_job_that_calls_a_route_has_its_callers_key(base: str, endpoint: Any) -> None:
    output = endpoint.run_sync({"path": "/api/version", "method": "GET"})
    assert output["status_code"] == 200
    for path in ("/shutdown", "/models/unload"):
        assert endpoint.run_sync({"path": path})["status_code"] == 404


def test_56_eight_megabytes_of_sound_are_accepted(endpoint: Any) -> None:
    """The client gives up after ten seconds by itself."""
    job = endpoint.run({"answer": {"n": 1}, "audio": "A" * 8_000_000})
    assert job.output(timeout=60) == {"n": 1}


def test_53_55_the_javascript_client_calls_every_operation(base: str, tmp_path: Path) -> None:
    told = node("runpod_sdk.mjs", base=base, key=KEY, request=REQUEST, never=f"{tmp_path}/never")
    assert texts(part["output"] for part in told["parts"]) == TEXTS
    assert told["status"]["succeeded"] is True
    assert texts(told["status"]["output"]) == texts(told["sync"]["output"]) == TEXTS
    assert told["cancelled"]["status"] == told["statusSync"]["status"] == "CANCELLED"
    assert told["statusSync"]["completed"] is True
    assert "initializing" in told["health"]["workers"]
    assert told["purged"]["status"] == "completed"


def test_54_the_javascript_client_waits_on_after_its_wait(long_jobs: Any) -> None:
    told = long_jobs["waited"]
    assert told["done"]["status"] == "COMPLETED"
    assert told["done"]["output"] == {"n": 1}
    assert told["runs"] == 1
    # The client asks without a pause: only a server that holds its question is asked so seldom.
    assert 1 <= told["polls"] <= 3


def test_55_the_javascript_client_gets_every_chunk_once_with_few_polls(long_jobs: Any) -> None:
    """Sixty polls of a job of twenty seconds are three a second."""
    told = long_jobs["streamed"]
    assert told["got"] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert 3 <= told["polls"] < 3 * told["tookMs"] / 1000


def test_56_the_javascript_client_hands_in_eight_megabytes_of_base64(long_jobs: Any) -> None:
    """Accepted before the job has ended, which waits for the answer."""
    told = long_jobs["large"]
    assert told["accepted"]["id"]
    assert told["before"]["status"] in {"IN_QUEUE", "IN_PROGRESS"}
    assert told["after"]["status"] == "COMPLETED"
    assert told["after"]["output"] == {"n": 2}
