"""An orchestrator in a process of its own, before two endpoints of RunPod that a test plays."""

from __future__ import annotations

import base64
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.gpu.calls.sound_files import to_wav
from tests.api_requests import post_file, stream_file
from tests.conftest import read_samples
from tests.endpoint_server import CalledServer, QueueApi, Reply, audio_in, called_server, completed
from tests.server import ServerProcess


def heard(job_input: dict[str, Any]) -> Reply:
    """Answer with a word for each half second of a window."""
    seconds = len(audio_in(job_input)) / 16_000
    count = max(1, int(seconds * 2))
    words = [
        {"word": f"word{n}", "start": n * seconds / count, "end": (n + 1) * seconds / count}
        for n in range(count)
    ]
    text = " ".join(str(word["word"]) for word in words)
    segment = {"start": 0, "end": seconds, "text": text, "words": words, "language": "en"}
    return completed({"text": text, "language": "en", "segments": [segment]})


def spoken(job_input: dict[str, Any]) -> Reply:
    """Answer with two people who change after eight seconds and overlap for a second."""
    turns = [{"start": 0, "end": 8.5, "speaker": "2"}, {"start": 7.5, "end": 99, "speaker": "1"}]
    return completed({"segments": turns, "num_speakers": 2, "duration": 99})


@pytest.fixture(scope="module")
def api() -> QueueApi:
    return QueueApi({"asr": heard, "dia": spoken})


@pytest.fixture(scope="module")
def runpod(api: QueueApi) -> Iterator[CalledServer]:
    with called_server(api) as running:
        yield running


@pytest.fixture(scope="module")
def orchestrator(
    runpod: CalledServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    settings = {
        "ROLE": "orchestrator",
        "TRANSCRIPTION_ENDPOINT_ID": "asr",
        "DIARIZATION_ENDPOINT_ID": "dia",
        "RUNPOD_API_KEY": "rp-secret",
        "RUNPOD_API_URL": f"{runpod.url}/v2",
        "ENDPOINT_CONCURRENCY": "2",
        "ENDPOINT_ATTEMPTS": "2",
        "CACHE_MAX_SIZE_MB": "0",
    }
    server = ServerProcess(tmp_path_factory.mktemp("orchestrator"), settings, executed=True)
    server.wait_ready()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def fresh(api: QueueApi) -> None:
    api.work = {"asr": heard, "dia": spoken}
    api.polls_before = {}
    api.jobs.clear()
    api.cancelled.clear()
    api.order.clear()
    api._polls.clear()


_numbers = itertools.count()


@pytest.fixture
def talk(dialogue: Path, tmp_path: Path) -> Path:
    """The dialogue as nobody has sent it yet: results of equal sound are shared."""
    samples = read_samples(dialogue)
    noise = np.random.default_rng(next(_numbers)).normal(0, 1e-3, len(samples))
    path = tmp_path / "talk.wav"
    path.write_bytes(to_wav((samples + noise).astype(np.float32)))
    return path


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


def test_it_is_ready_without_calling_anybody_and_loads_no_model_of_speech(
    orchestrator: ServerProcess, runpod: CalledServer
) -> None:
    assert runpod.calls == []
    with orchestrator.client() as client:
        engines = {each["role"]: each for each in client.get("/health").json()["engines"]}
    assert engines["transcriber"]["device"] == engines["diarizer"]["device"] == "remote"
    assert engines["aligner"]["state"] == "disabled"
    children = Path(f"/proc/{orchestrator.process.pid}/task").glob("*/children")
    workers = [pid for path in children for pid in path.read_text().split()]
    assert workers
    for pid in workers:
        loaded = Path(f"/proc/{pid}/maps").read_text()
        assert [name for name in ("torch", "ctranslate2", "libcuda") if name in loaded] == []


def test_every_door_has_words_and_speakers(
    orchestrator: ServerProcess, api: QueueApi, talk: Path
) -> None:
    frames = stream_file(orchestrator, talk, diarize="true")
    assert frames.result is not None
    speakers = [cue.get("speaker") for cue in frames.cues]
    assert speakers[0] == "SPEAKER_00"
    assert speakers[-1] == "SPEAKER_01"
    assert speakers == sorted(speakers), "the speaker changes once, at a word"
    assert sum(endpoint == "dia" for endpoint, _ in api.jobs) == 1
    runs = [step for step in api.order if step.startswith("run")]
    assert len(runs) == len(api.jobs)


def test_both_endpoints_are_called_in_parallel(
    orchestrator: ServerProcess, api: QueueApi, talk: Path
) -> None:
    """The diarizer is called while the transcriber's worker has not started."""
    api.polls_before["asr"] = 1e9
    with orchestrator.client() as client, talk.open("rb") as file:
        form = {"files": {"file": ("d.wav", file)}, "data": {"diarize": "true"}}
        with client.stream("POST", "/api/stream", **form) as response:
            assert response.status_code == 200
            wait_for(lambda: "end dia" in api.order)
            assert "end asr" not in api.order
            api.polls_before["asr"] = 0
            body = response.read().decode()
    assert '"speaker":"SPEAKER_01"' in body


def test_15_without_its_diarizer_the_transcript_comes_with_a_warning(
    orchestrator: ServerProcess, api: QueueApi, talk: Path
) -> None:
    api.work["dia"] = lambda _: Reply({"status": "FAILED", "error": "no memory"})
    audio = base64.b64encode(talk.read_bytes()).decode()
    with orchestrator.client() as client:
        body = {"input": {"audio": audio, "audio_format": "wav"}}
        made = client.post("/api/process", json=body).json()
    assert made["text"].startswith("word0 word1")
    assert {each["speaker"] for each in made["segments"]} == {None}
    [warning] = made["warnings"]
    assert warning["code"] == "diarization_failed"
    assert sum(endpoint == "dia" for endpoint, _ in api.jobs) == 2


@pytest.mark.parametrize(
    "work",
    [
        lambda _: Reply({"status": "FAILED", "error": "x"}),
        lambda _: Reply({"status": "TIMED_OUT"}),
        lambda _: completed("garbage"),
        lambda _: completed({"segments": [{"start": "?"}], "text": 5}),
    ],
    ids=["failed", "timed out", "text", "no text"],
)
def test_11_without_its_transcriber_the_job_fails_or_has_nothing(
    orchestrator: ServerProcess, api: QueueApi, talk: Path, work: Any
) -> None:
    api.work["asr"] = work
    answer = post_file(orchestrator, talk)
    assert answer.json()["code"] in {"remote_engine_failed", "no_speech"}


def test_a_cancelled_job_cancels_both_of_its_own(
    orchestrator: ServerProcess, api: QueueApi, talk: Path
) -> None:
    api.polls_before = {"asr": 1e9, "dia": 1e9}
    audio = base64.b64encode(talk.read_bytes()).decode()
    with orchestrator.client() as client:
        body = {"input": {"audio": audio, "audio_format": "wav"}}
        job = client.post("/v2/any/run", json=body).json()["id"]
        wait_for(lambda: {"asr", "dia"} <= {endpoint for endpoint, _ in api.jobs})
        client.post(f"/v2/any/cancel/{job}")
        wait_for(lambda: {"asr", "dia"} <= {endpoint for endpoint, _ in api.cancelled})
        assert client.get(f"/v2/any/status/{job}").json()["status"] == "CANCELLED"
    handed_in = [endpoint for endpoint, _ in api.jobs]
    wait_for(lambda: len(api.cancelled) == len(handed_in))


def test_a_client_that_leaves_cancels_them_too(
    orchestrator: ServerProcess, api: QueueApi, talk: Path
) -> None:
    api.polls_before = {"asr": 1e9, "dia": 1e9}
    with orchestrator.client(headers={"Connection": "close"}) as client:
        with pytest.raises(httpx.TimeoutException), talk.open("rb") as file:
            client.post(
                "/api/process",
                files={"file": ("d.wav", file)},
                data={"diarize": "true"},
                timeout=httpx.Timeout(120, read=3),
            )
    wait_for(lambda: {"asr", "dia"} <= {endpoint for endpoint, _ in api.cancelled})


def test_no_key_is_logged(orchestrator: ServerProcess) -> None:
    assert "rp-secret" not in orchestrator.log
