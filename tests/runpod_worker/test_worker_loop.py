"""The queue worker in the real SDK's loop, against a control plane on loopback."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clients.extension_client import run_extension
from tests.conftest import write_wav
from tests.media_server import MediaServer
from tests.routers.test_queue_api import SRT
from tests.runpod_platform import Platform, PlatformJob, WorkerProcess, until

SECRET_KEY = "the-storage-secret"


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    found = Platform()
    yield found
    found.close()


@pytest.fixture(scope="module")
def worker(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    settings = {"TEST_SCRIPTED_ENGINES": "1", "ENABLE_WHISPER": "true", "ASR_DEVICE": "cpu"}
    settings |= {"ALIGNMENT_ENABLED": "false", "ALLOW_PRIVATE_URLS": "true"}
    settings |= {"QUEUE_CONCURRENCY": "25"}
    process = WorkerProcess(tmp_path_factory.mktemp("worker"), settings, platform)
    yield process
    process.stop()


def finished(platform: Platform, worker: WorkerProcess, fields: Any, **extra: Any) -> PlatformJob:
    job = platform.add(fields, **extra)
    until(lambda: job.of("done"), log=lambda: worker.log)
    return job


@pytest.fixture(scope="module")
def talk_url(site: MediaServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two minutes that the scripted engines hear speech in."""
    path = tmp_path_factory.mktemp("talk") / "queue_talk.wav"
    write_wav(path, np.full(120 * 16_000, 0.3, np.float32))
    site.add(path)
    return f"{site.url}/queue_talk.wav"


def test_runpod_22_the_handler_is_an_asynchronous_generator_function() -> None:
    from app.runpod_worker.sdk_start import handler_of
    from app.runpod_worker.worker_host import WorkerHost
    from app.settings import Settings

    assert inspect.isasyncgenfunction(handler_of(WorkerHost(Settings())))


def test_36_the_extension_gets_its_cues_complete_and_once(
    platform: Platform, worker: WorkerProcess, talk_url: str
) -> None:
    told = run_extension(
        "queued",
        base=f"http://127.0.0.1:{platform.port}/v2/ep",
        backendApiKey="a-key",
        limits={"poll": 150},
        body={"stream_url": talk_url, "video_id": "queue_talk", "target_lang": None},
    )
    cues = told["result"]
    assert len(cues) > 10
    assert [cue["start"] for cue in cues] == sorted({cue["start"] for cue in cues})
    job = platform.jobs[told["id"]]
    parts = job.of("part")
    assert len(parts) > 1, "cues come while the rest is still heard"
    assert [cue for part in parts for cue in part["subtitles"]] == cues
    assert job.done["output"] == parts
    assert parts[-1]["language"] == "en"


def test_runpod_27_progress_is_told_ahead_of_the_result(platform: Platform) -> None:
    job = next(iter(platform.jobs.values()))
    kinds = [kind for kind, _ in job.posts]
    assert "progress" in kinds
    assert kinds[-1] == "done"
    assert kinds.count("done") == 1
    assert {progress["stage"] for progress in job.of("progress")} > {"transcribing"}


def test_runpod_33_no_transcript_is_logged(worker: WorkerProcess, platform: Platform) -> None:
    said = next(iter(platform.jobs.values())).of("part")[0]["subtitles"][0]["text"]
    assert said.split()[0] not in worker.log
    assert "DEBUG" not in worker.log
    assert "Started" in worker.log or "in progress" in worker.log, "the SDK does log"


def test_runpod_24_two_jobs_run_side_by_side_and_end_once(
    platform: Platform, worker: WorkerProcess, tmp_path: Path
) -> None:
    first = platform.add({"parts": ["a1", f"wait {tmp_path}/b1", "a2"]})
    second = platform.add({"parts": [f"wait {tmp_path}/a1", "b1", f"wait {tmp_path}/a2", "b2"]})
    until(lambda: first.of("part") == ["a1"], log=lambda: worker.log)
    (tmp_path / "a1").touch()
    until(lambda: second.of("part") == ["b1"])
    (tmp_path / "b1").touch()
    until(lambda: first.of("done"))
    (tmp_path / "a2").touch()
    until(lambda: second.of("done"))
    assert first.done == {"output": ["a1", "a2"]}
    assert second.done == {"output": ["b1", "b2"]}


def test_runpod_25_a_job_that_is_stopped_ends_alone_and_says_nothing(
    platform: Platform, worker: WorkerProcess, tmp_path: Path
) -> None:
    stopped = platform.add({"answer": 1, "until": f"{tmp_path}/never"})
    other = platform.add({"answer": 2, "until": f"{tmp_path}/go"})
    until(lambda: stopped.of("progress") and other.of("progress"), log=lambda: worker.log)
    platform.stop(stopped)
    until(lambda: "Job stopped." in worker.log)
    (tmp_path / "go").touch()
    until(lambda: other.of("done"))
    assert other.done == {"output": 2}
    assert stopped.of("done") == []


def test_runpod_26_heartbeats_name_the_jobs_that_run(
    platform: Platform, worker: WorkerProcess, tmp_path: Path
) -> None:
    job = platform.add({"answer": 1, "until": f"{tmp_path}/go"})
    until(lambda: sum(job.id in ping for ping in platform.pings) >= 2)
    (tmp_path / "go").touch()
    until(lambda: job.of("done"))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "video_id is required, or a file, url, upload_id or captions"),
        ({"video_id": 5}, "video_id: Input should be a valid string"),
        (None, "input is required and must be an object"),
        ("text", "input is required and must be an object"),
        ({"path": ""}, "Missing 'path' in job input"),
        ({"operation": "caption", "path": "/x"}, "Missing required fields: url_video, url_srt"),
        ({"operation": "nope", "path": "/x"}, "Unknown operation: nope"),
        ({"answer": 1, "error": "x" * 5000}, "… (truncated)"),
    ],
)
def test_runpod_20_bad_input_fails_with_one_text(
    platform: Platform, worker: WorkerProcess, fields: Any, text: str
) -> None:
    done = finished(platform, worker, fields).done
    assert done.keys() == {"error"}
    assert isinstance(done["error"], str)
    assert text in done["error"]
    assert len(done["error"]) < 2100


@pytest.mark.parametrize("fields", [{"answer": "defect"}, {"parts": ["first", "defect"]}])
def test_runpod_21_a_defect_has_a_code_and_an_id_and_its_traceback_is_logged(
    platform: Platform, worker: WorkerProcess, fields: Any
) -> None:
    done = finished(platform, worker, fields).done
    assert "internal, id " in done["error"]
    assert "Traceback" not in done["error"]
    assert "/" not in done["error"]
    error_id = done["error"].rpartition(" ")[2].rstrip(")")
    assert error_id in worker.log
    assert "a defect at" in worker.log


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        ("nan", {"output": None}),
        ("array", {"output": {"scores": [0.5, None], "count": 3}}),
        ({"text": "bare"}, {"output": {"text": "bare"}}),
        ({"error": {"why": 1}, "code": 7}, {"output": {"code": 7}, "error": '{"why": 1}'}),
        ({"refresh_worker": True, "n": 1}, {"output": {"n": 1}}),
        ({}, {"output": None}),
        (True, {"output": True}),
        ([], {"output": []}),
        ("text", {"output": "text"}),
    ],
)
def test_runpod_30_one_value_is_the_output_itself(
    platform: Platform, worker: WorkerProcess, value: Any, wire: Any
) -> None:
    assert finished(platform, worker, {"answer": value}).done == wire


def test_runpod_30_a_part_that_is_no_json_is_an_error(
    platform: Platform, worker: WorkerProcess
) -> None:
    job = finished(platform, worker, {"parts": ["nan", "array", "bytes"]})
    assert job.of("part") == [None, {"scores": [0.5, None], "count": 3}]
    assert "internal, id " in job.done["error"]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"answer": f"large {21 * 2**20}"}, "larger than 20 MiB"),
        ({"parts": [f"large {1100 * 1000}"]}, "larger than"),
    ],
)
def test_runpod_29_too_large_an_output_is_a_clear_error(
    platform: Platform, worker: WorkerProcess, fields: Any, text: str
) -> None:
    assert text in finished(platform, worker, fields).done["error"]


def test_runpod_31_a_storage_secret_is_never_logged(
    platform: Platform, worker: WorkerProcess
) -> None:
    config = {"accessId": "id", "accessSecret": SECRET_KEY, "bucketName": "b", "endpointUrl": "x"}
    for fields in ({"answer": 1}, {"answer": "defect"}):
        finished(platform, worker, fields, s3Config=config)
    assert SECRET_KEY not in worker.log


def test_runpod_32_a_media_address_that_is_not_there_is_a_download_error(
    platform: Platform, worker: WorkerProcess, site: MediaServer
) -> None:
    done = finished(platform, worker, {"url": f"{site.url}/no-such-file.mp3"}).done
    assert "404" in done["error"] or "not" in done["error"]
    done = finished(platform, worker, {"url": "http://169.254.169.254/latest.mp3"}).done
    assert done["error"] == "url: The URL's address is not a public one"


def test_a_route_is_called_without_a_socket(platform: Platform, worker: WorkerProcess) -> None:
    output = finished(platform, worker, {"path": "/health", "method": "get"}).done["output"]
    assert (output["status_code"], output["body"]["service"]) == (200, "cuestream")
    fields = {"path": "/api/process", "body": {"captions": SRT, "captions_lang": "en"}}
    output = finished(platform, worker, fields).done["output"]
    assert len(output["body"]["subtitles"]) == 2


def test_runpod_34_a_hundred_jobs_leave_nothing_behind(
    platform: Platform, worker: WorkerProcess
) -> None:
    def files() -> set[Path]:
        found = (path for path in worker.folder.rglob("*") if path.is_file())
        return {path for path in found if path.parent.name != "locks"}

    body = {"captions": SRT, "captions_lang": "en"}
    finished(platform, worker, body)
    before = files()
    jobs = [platform.add(body if n % 10 == 0 else {"answer": n}) for n in range(100)]
    until(lambda: all(job.of("done") for job in jobs), log=lambda: worker.log)
    assert all("error" not in job.done for job in jobs)
    assert files() - before == set()
    assert not (worker.folder / "jobs").exists()


def test_runpod_28_at_a_signal_jobs_end_with_an_answer_and_no_other_is_taken(
    platform: Platform, tmp_path: Path, worker: WorkerProcess
) -> None:
    """The last test of this worker."""
    finishing = platform.add({"answer": "done in time", "until": f"{tmp_path}/go"})
    running = platform.add({"parts": ["begun", f"wait {tmp_path}/never"]})
    until(lambda: running.of("part") and finishing.of("progress"), log=lambda: worker.log)
    worker.process.terminate()
    until(lambda: "shutting down" in worker.log and not platform.asking, log=lambda: worker.log)
    late = platform.add({"answer": "late"})
    (tmp_path / "go").touch()
    assert worker.process.wait(30) == 0, worker.log
    assert finishing.done == {"output": "done in time"}
    assert running.done == {"error": "The worker is shutting down"}
    assert late.posts == []
    assert late.status == "IN_QUEUE"
    assert json.dumps(running.posts).count("error") == 1
