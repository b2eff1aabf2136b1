"""Engines on workers elsewhere, against a real HTTP server with RunPod's wire shape."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import SecretStr

from app.domain.audio import Audio
from app.domain.errors import (
    EngineLoadError,
    JobCancelledError,
    RemoteEngineAuthError,
    RemoteEngineError,
)
from app.domain.request import SpeakerCount
from app.domain.transcript import Segment
from app.gpu.calls import call_retry
from app.gpu.engines.endpoints import EndpointDiarizer, EndpointTranscriber, queue_endpoint
from app.gpu.engines.endpoints.endpoint_diarizer import turns_in
from app.gpu.protocols import WaitingDiarizer, Window
from app.settings import EndpointSettings, Settings
from tests.conftest import read_samples
from tests.endpoint_server import (
    Call,
    CalledServer,
    QueueApi,
    Reply,
    audio_in,
    called_server,
    completed,
)

SECRET = "rp-secret"


def words_of(job_input: dict[str, Any]) -> Reply:
    """Answer as our own transcription worker does."""
    seconds = len(audio_in(job_input)) / 16_000
    words = [{"word": "Hello", "start": 0.5, "end": 0.9, "probability": 0.9}]
    words += [{"word": "there.", "start": 1.0, "end": seconds, "probability": 0.8}]
    segment = {"id": 0, "start": 0.5, "end": seconds, "text": "Hello there.", "speaker": None}
    segment |= {"language": "en", "language_probability": 0.7, "words": words}
    return completed({"text": "Hello there.", "duration": seconds, "segments": [segment]})


def turns_of(job_input: dict[str, Any]) -> Reply:
    turns = [{"start": 0.0, "end": 2.0, "speaker": "2"}, {"start": 2.0, "end": 3.5, "speaker": "1"}]
    return completed({"segments": turns, "num_speakers": 2, "duration": 3.5})


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_retry, "_FIRST_S", 0.05)
    monkeypatch.setattr(queue_endpoint, "_FIRST_POLL_S", 0.02)


@pytest.fixture
def api() -> QueueApi:
    return QueueApi({"asr": words_of, "dia": turns_of})


@pytest.fixture
def server(api: QueueApi) -> Iterator[CalledServer]:
    with called_server(api) as running:
        yield running


def settings(server: CalledServer, **fields: Any) -> Settings:
    endpoints = EndpointSettings(
        **{
            "transcription_endpoint_id": "asr",
            "diarization_endpoint_id": "dia",
            "runpod_api_key": SecretStr(SECRET),
            "runpod_api_url": f"{server.url}/v2",
            **fields,
        }
    )
    return Settings(endpoints=endpoints)


def sound(seconds: float = 4) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(0, 0.1, int(seconds * 16_000)).astype(np.float32)


def transcribed(engine: EndpointTranscriber, **fields: Any) -> list[Segment]:
    window = Window(Audio(sound(), 16_000 * 60), **fields)
    [segments] = engine.decode([engine.prepare(window)])
    return segments


def diarized(engine: EndpointDiarizer, seconds: float = 4, **counts: int) -> list[Any]:
    state = engine.process(sound(seconds), None)
    state = engine.process(sound(1), state, last=True)
    return list(engine.turns(state, SpeakerCount(**counts)))


def test_16_a_window_is_a_job_that_is_polled_to_its_end(
    api: QueueApi, server: CalledServer
) -> None:
    """A child that is still IN_QUEUE or IN_PROGRESS is no result."""
    api.polls_before["asr"] = 3
    [segment] = transcribed(
        EndpointTranscriber(settings(server)),
        language="en",
        prompt="Ada",
        allowed_languages=("en",),
    )
    assert [(w.text, w.span.start_ms, w.span.end_ms) for w in segment.words] == [
        ("Hello", 60_500, 60_900),
        ("there.", 61_000, 64_000),
    ]
    assert segment.language_probability == 0.7
    assert server.paths() == ["POST /v2/asr/run", *["GET /v2/asr/status/job-0"] * 4]
    [(_, job_input)] = api.jobs
    del job_input["audio"]
    assert job_input == {
        "audio_format": "wav",
        "response_format": "verbose_json",
        "timestamps": True,
        "word_timestamps": True,
        "diarize": False,
        "language": "en",
        "prompt": "Ada",
        "allowed_languages": ["en"],
    }
    assert server.calls[0].json["policy"] == {"executionTimeout": 1_800_000, "ttl": 1_800_000}


def test_an_original_worker_without_words_serves_too(api: QueueApi, server: CalledServer) -> None:
    """github.com/cd-slash/parakeet-diarized answers with segments alone."""
    listed = [{"id": 0, "start": 0.0, "end": 2.0, "text": "Hello there.", "speaker": None}]
    api.work["asr"] = lambda _: completed({"text": "Hello there.", "segments": listed})
    [segment] = transcribed(EndpointTranscriber(settings(server)), language="en")
    assert [word.text for word in segment.words] == ["Hello", "there."]
    assert segment.words[-1].span.end_ms == 62_000


def test_a_recording_is_one_job_of_the_diarizer(api: QueueApi, server: CalledServer) -> None:
    turns = diarized(EndpointDiarizer(settings(server)), exact=2)
    assert [(t.speaker, t.span.start_ms, t.span.end_ms) for t in turns] == [
        ("SPEAKER_00", 0, 2_000),
        ("SPEAKER_01", 2_000, 3_500),
    ]
    [(_, job_input)] = api.jobs
    assert len(audio_in(job_input)) == 5 * 16_000
    assert {name: value for name, value in job_input.items() if name != "audio"} == {
        "audio_format": "wav",
        "num_speakers": 2,
    }


def test_a_long_recording_is_sent_as_opus_that_fits(
    api: QueueApi, server: CalledServer, tmp_path: Path
) -> None:
    diarized(EndpointDiarizer(settings(server, endpoint_max_request_mb=0.04)), seconds=19)
    [(_, job_input)] = api.jobs
    assert job_input["audio_format"] == "ogg"
    assert len(server.calls[0].body) <= 0.04 * 2**20
    sent = tmp_path / "sent.ogg"
    sent.write_bytes(base64.b64decode(job_input["audio"]))
    assert abs(len(read_samples(sent)) / 16_000 - 20) < 0.1


def test_one_that_does_not_fit_in_any_way_is_said(server: CalledServer) -> None:
    engine = EndpointDiarizer(settings(server, endpoint_max_request_mb=0.01))
    with pytest.raises(RemoteEngineError, match="ENDPOINT_MAX_REQUEST_MB"):
        diarized(engine, seconds=60)
    assert server.calls == []


def in_turn(*steps: Callable[[dict[str, Any]], Reply]) -> Callable[[dict[str, Any]], Reply]:
    left = list(steps)
    return lambda job_input: (left.pop(0) if len(left) > 1 else left[0])(job_input)


@pytest.mark.parametrize(
    "end",
    [
        Reply({"status": "FAILED", "error": f"trace with {SECRET}"}),
        Reply({"status": "TIMED_OUT"}),
        Reply({"status": "COMPLETED"}),
        Reply({"status": "DANCING"}),
        Reply({"id": 7}),
        Reply([]),
        Reply({"error": "job not found"}, 404),
    ],
    ids=["failed", "timed out", "no output", "unknown", "no status", "a list", "lost"],
)
def test_a_job_that_ended_badly_is_handed_in_again(
    api: QueueApi, server: CalledServer, end: Reply
) -> None:
    api.work["asr"] = in_turn(lambda _: end, words_of)
    [segment] = transcribed(EndpointTranscriber(settings(server)))
    assert segment.text == "Hello there."
    assert len(api.jobs) == 2
    assert api.cancelled == []


def test_after_its_attempts_it_fails_and_names_no_secret(
    api: QueueApi, server: CalledServer
) -> None:
    api.work["dia"] = lambda _: Reply({"status": "FAILED", "error": f"trace with {SECRET}"})
    with pytest.raises(RemoteEngineError, match="failed there") as caught:
        diarized(EndpointDiarizer(settings(server, endpoint_attempts=2)))
    assert SECRET not in str(caught.value)
    assert len(api.jobs) == 2


@pytest.mark.parametrize(
    "trouble",
    [
        Reply({}, 500),
        Reply({}, 429, {"Retry-After": "0"}),
        Reply(drop=True),
        Reply(b"<html>"),
        Reply({}, 503),
    ],
    ids=["500", "429", "dropped", "html", "503"],
)
@pytest.mark.parametrize("action", ["run", "status"])
def test_trouble_on_the_way_is_tried_again(
    api: QueueApi, server: CalledServer, trouble: Reply, action: str
) -> None:
    left = [trouble, trouble]

    def respond(call: Call) -> Reply:
        return left.pop() if left and f"/{action}" in call.path else api(call)

    server.respond = respond
    [segment] = transcribed(EndpointTranscriber(settings(server)))
    assert segment.text == "Hello there."
    assert left == []


def test_a_dead_endpoint_is_an_error(server: CalledServer) -> None:
    server.close()
    with pytest.raises(RemoteEngineError, match="cannot be reached"):
        transcribed(EndpointTranscriber(settings(server, endpoint_attempts=2)))


def test_a_refused_key_is_not_tried_again(server: CalledServer) -> None:
    server.respond = lambda call: Reply({"error": SECRET}, 401)
    with pytest.raises(RemoteEngineAuthError):
        transcribed(EndpointTranscriber(settings(server)))
    assert len(server.calls) == 1


def test_a_worker_that_never_starts_is_given_up_and_its_job_cancelled(
    api: QueueApi, server: CalledServer
) -> None:
    api.polls_before["asr"] = 1e9
    with pytest.raises(RemoteEngineError, match="too long"):
        transcribed(EndpointTranscriber(settings(server, endpoint_timeout_s=1)))
    assert api.cancelled == [("asr", "job-0")]


@pytest.mark.parametrize("job_id", [None, 7, "", "../../purge-queue", "a b", "x" * 300])
def test_an_id_that_is_none_is_not_put_into_a_path(server: CalledServer, job_id: object) -> None:
    server.respond = lambda call: Reply({"id": job_id, "status": "IN_QUEUE"})
    with pytest.raises(RemoteEngineError, match="named no job"):
        transcribed(EndpointTranscriber(settings(server, endpoint_attempts=1)))
    assert server.paths() == ["POST /v2/asr/run"]


def test_what_is_no_longer_wanted_is_cancelled_there(api: QueueApi, server: CalledServer) -> None:
    api.polls_before = {"asr": 1e9, "dia": 1e9}
    transcriber, diarizer = (
        EndpointTranscriber(settings(server)),
        EndpointDiarizer(settings(server)),
    )
    assert isinstance(diarizer, WaitingDiarizer)
    window = Window(Audio(sound()))
    state = diarizer.process(sound(), None, last=True)
    outcomes: list[str] = []

    def transcribe() -> None:
        try:
            transcriber.decode([transcriber.prepare(window)])
        except JobCancelledError as error:
            outcomes.append(error.code)

    def diarize() -> None:
        try:
            diarizer.turns_while(state, SpeakerCount(), window.cancelled.is_set)
        except JobCancelledError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=work) for work in (transcribe, diarize)]
    for thread in threads:
        thread.start()
    while len(api.jobs) < 2:
        threading.Event().wait(0.02)
    window.cancelled.set()
    for thread in threads:
        thread.join(30)
    assert outcomes == ["cancelled", "cancelled"]
    assert sorted(endpoint for endpoint, _ in api.cancelled) == ["asr", "dia"]


def by_http(server: CalledServer, **fields: Any) -> Settings:
    urls = {"transcription_url": server.url, "diarization_url": f"{server.url}/"}
    return settings(server, **{**urls, "endpoint_api_key": SecretStr("ours"), **fields})


def test_over_plain_http_the_answer_is_the_output(server: CalledServer) -> None:
    server.respond = lambda call: Reply(turns_of({}).body["output"])
    assert len(diarized(EndpointDiarizer(by_http(server)))) == 2
    [call] = server.calls
    assert call.path == "/api/process"
    assert call.headers["x-api-key"] == "ours"
    assert "authorization" not in call.headers
    assert set(call.json) == {"input"}


@pytest.mark.parametrize(
    "trouble",
    [
        Reply(b"", 204),
        Reply({"error": "full", "code": "overloaded"}, 429, {"Retry-After": "0.1"}),
        Reply({"error": "no workers available"}, 400),
        Reply({"detail": "timed out waiting for worker"}, 400),
        Reply({"error": "late", "code": "server_shutdown", "retryable": True}, 200),
        Reply(drop=True),
        Reply(b"<html>", 524),
    ],
    ids=["204", "429", "no worker", "no worker in time", "late error", "dropped", "524"],
)
def test_a_load_balancer_without_a_worker_is_asked_again(
    server: CalledServer, trouble: Reply
) -> None:
    left = [trouble]
    output = turns_of({}).body["output"]
    server.respond = lambda call: left.pop() if left else Reply(output)
    assert len(diarized(EndpointDiarizer(by_http(server)))) == 2
    assert len(server.calls) == 2


@pytest.mark.parametrize(
    "refusal",
    [
        Reply({"error": "bad", "code": "invalid_field"}, 400),
        Reply({"error": "bad", "code": "media_unreadable", "retryable": False}, 200),
        Reply({}, 302, {"Location": "http://169.254.169.254/"}),
        Reply({}, 413),
    ],
    ids=["400", "late", "redirect", "413"],
)
def test_a_refusal_is_final_and_no_redirect_is_followed(
    server: CalledServer, refusal: Reply
) -> None:
    server.respond = lambda call: refusal
    with pytest.raises(RemoteEngineError):
        diarized(EndpointDiarizer(by_http(server)))
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {"text": "hello"},
        {"segments": {}},
        {"segments": [5]},
        {"segments": [{"start": 0, "end": 1}]},
        {"segments": [{"start": "x", "end": 1, "speaker": "1"}]},
        {"segments": [{"start": 0, "end": float("nan"), "speaker": "1"}]},
        {"segments": [{"start": 0, "end": 1, "speaker": None}]},
    ],
)
def test_turns_that_are_none_are_an_error(answer: Any) -> None:
    with pytest.raises(RemoteEngineError):
        turns_in(answer, 10_000)


def test_turns_of_any_order_length_and_clock() -> None:
    listed = [
        {"start": 4, "end": 90, "speaker": "b"},
        {"start": -1, "end": 2, "speaker": 7},
        {"start": 3, "end": 3, "speaker": "nobody"},
        {"start": 50, "end": 60, "speaker": "after the end"},
        {"start": 1, "end": 5, "speaker": "b"},
        {"start": 6, "end": 5, "speaker": "backwards"},
    ]
    turns = turns_in({"segments": listed}, 10_000)
    assert [(t.span.start_ms, t.span.end_ms, t.speaker) for t in turns] == [
        (0, 2_000, "SPEAKER_00"),
        (1_000, 5_000, "SPEAKER_01"),
        (4_000, 10_000, "SPEAKER_01"),
    ]
    many = [{"start": n, "end": n + 1, "speaker": str(n % 3)} for n in range(9_000)]
    assert len(turns_in({"segments": many}, 10_000_000)) == 9_000
    assert turns_in({"segments": [], "num_speakers": 0, "duration": 0.0}, 1000) == []


def test_what_is_missing_is_said_at_the_start(server: CalledServer) -> None:
    for fields, text in (
        ({"transcription_endpoint_id": ""}, "TRANSCRIPTION_ENDPOINT_ID"),
        ({"runpod_api_key": None}, "RUNPOD_API_KEY"),
        ({"runpod_api_key": SecretStr("")}, "RUNPOD_API_KEY"),
        ({"transcription_url": "asr:8000"}, "TRANSCRIPTION_URL"),
    ):
        with pytest.raises(EngineLoadError, match=text):
            EndpointTranscriber(settings(server, **fields))


def test_keys_are_not_in_the_cache_key(server: CalledServer) -> None:
    plain = EndpointTranscriber(settings(server)).cache_key
    url = server.url.replace("http://", f"http://user:{SECRET}@")
    by_url = EndpointTranscriber(by_http(server, transcription_url=f"{url}?key={SECRET}"))
    assert SECRET not in plain + by_url.cache_key + by_url.detail
    assert EndpointTranscriber(settings(server, endpoint_revision="2")).cache_key != plain
    assert EndpointTranscriber(settings(server, endpoint_concurrency=2)).cache_key == plain
