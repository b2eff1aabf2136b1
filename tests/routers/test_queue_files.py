"""Jobs of the queue whose files and large outputs are stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.s3_server import S3Server, s3_server
from tests.server import DEAF, ServerProcess

APP = "tests.queue_app:application()"
SRT = "1\n00:00:01,000 --> 00:00:03,000\nGood morning.\n"
LARGE = f"large {2 * 2**20}"
SECRET = "another/secret+key"


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = {**DEAF, "ALLOW_PRIVATE_URLS": "true", "QUEUE_MAX_OUTPUT_MB": "1"}
    process = ServerProcess(tmp_path_factory.mktemp("files"), settings, APP)
    process.wait_ready()
    yield process
    process.stop()


def run(server: ServerProcess, **body: Any) -> dict[str, Any]:
    with server.client() as client:
        answer = client.post("/v2/ep/runsync", json=body)
    told: dict[str, Any] = answer.json()
    return told


def test_contract_31_a_jobs_s3_config_stores_its_files(server: ServerProcess, s3: S3Server) -> None:
    with s3.checking_keys():
        told = run(server, input={"captions": SRT}, s3Config=s3.config(prefix="jobs"))
    assert told["status"] == "COMPLETED", told
    [file] = told["output"][-1]["files"]
    assert f"jobs/{file['name']}" in s3.listed()
    assert httpx.get(file["url"]).text.split() == SRT.split()
    assert "formats" not in told["output"][-1]


def test_contract_31_without_credentials_it_errs(server: ServerProcess, s3: S3Server) -> None:
    for config in ({}, s3.config(accessSecret=""), s3.config(endpointUrl="http://169.254.169.254")):
        with server.client() as client:
            body = {"input": {"captions": SRT}, "s3Config": config}
            answer = client.post("/v2/ep/run", json=body)
        assert answer.status_code == 400, answer.text
        assert s3.secret_key not in answer.text


def test_contract_29_an_output_over_the_limit_is_stored_in_the_jobs_store(
    server: ServerProcess, s3: S3Server
) -> None:
    with s3.checking_keys():
        told = run(server, input={"answer": LARGE}, s3Config=s3.config())
    stored = told["output"]["stored_output"]
    assert httpx.get(stored["url"]).json() == "x" * 2 * 2**20
    assert stored["url"].startswith(s3.url)


def test_contract_29_or_in_the_servers_own(server: ServerProcess) -> None:
    told = run(server, input={"answer": LARGE})
    stored = told["output"]["stored_output"]
    assert stored["url"].startswith(f"{server.url}/files/")
    answer = httpx.get(stored["url"])
    assert len(answer.content) == stored["size_bytes"]


def test_contract_29_a_store_that_refuses_is_the_jobs_error(
    server: ServerProcess, s3: S3Server
) -> None:
    with s3.checking_keys():
        wrong = s3.config(accessSecret=SECRET)
        told = run(server, input={"answer": LARGE}, s3Config=wrong)
    assert (told["status"], told["code"]) == ("FAILED", "object_store_denied")
    assert SECRET not in json.dumps(told)


def test_contract_29_parts_that_are_too_large_together_stay_an_error(server: ServerProcess) -> None:
    told = run(server, input={"parts": ["large 700000", "large 700000"]})
    assert (told["status"], told["code"]) == ("FAILED", "output_too_large")


def test_contract_31_secrets_are_nowhere_in_logs_and_folders(
    server: ServerProcess, s3: S3Server
) -> None:
    for path in (path for path in server.folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert s3.secret_key.encode() not in content, path
        assert SECRET.encode() not in content, path
