"""Parakeet's requests and answers, unmodified; numbers are those of its contract."""

from __future__ import annotations

import base64
import io
import re
import time
import wave
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from numpy.typing import NDArray

from app.domain.audio import Audio
from app.gpu.engines.audio_api import AudioApiTranscriber
from app.gpu.protocols import Window
from app.settings import AudioApiSettings, Settings
from tests.audio_engines import speech_like
from tests.media_server import MediaServer
from tests.server import ServerProcess

APP = "tests.audio_engines:application()"

QUIET, LOUD = 0.2, 0.6


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A worker that does everything, with engines that take no time."""
    settings = {"DIARIZATION_ENABLED": "true", "ALLOW_PRIVATE_URLS": "true"}
    server = ServerProcess(tmp_path_factory.mktemp("worker"), settings, APP)
    server.wait_ready()
    yield server
    server.stop()


def wav(samples: NDArray[np.float32]) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(16_000)
        writer.writeframes((samples * 32767).astype("<i2").tobytes())
    return file.getvalue()


TALK = wav(
    speech_like((0, 0.5), (QUIET, 1.5), (0, 1.0), (LOUD, 1.5), (0, 1.0), (QUIET, 1.5), (0, 0.9996))
)
"""Two people in turns, 7.9996 s."""


def sound(data: bytes = TALK) -> dict[str, Any]:
    return {"audio": base64.b64encode(data).decode(), "audio_format": "wav"}


def run(server: ServerProcess, job_input: dict[str, Any]) -> dict[str, Any]:
    """Run a job as RunPod's clients do; return its last status."""
    with server.client() as client:
        status: dict[str, Any] = client.post("/v2/local/runsync", json={"input": job_input}).json()
        while status["status"] in {"IN_QUEUE", "IN_PROGRESS"}:
            time.sleep(0.1)
            status = client.get(f"/v2/local/status/{status['id']}").json()
    return status


def output(server: ServerProcess, **fields: Any) -> Any:
    status = run(server, {**sound(), **fields})
    assert status["status"] == "COMPLETED", status.get("error")
    return status["output"]


def failure(server: ServerProcess, job_input: dict[str, Any]) -> str:
    status = run(server, job_input)
    assert status["status"] == "FAILED", status
    assert "Traceback" not in status["error"]
    return str(status["error"])


@pytest.mark.parametrize("job_input", [{"audio": ""}, {"audio": None}, {"audio": "", "path": None}])
def test_1_without_audio(worker: ServerProcess, job_input: dict[str, Any]) -> None:
    assert failure(worker, job_input) == "Missing required 'audio' field in input"


def test_2_an_unknown_response_format_downloads_nothing(
    worker: ServerProcess, site: MediaServer
) -> None:
    url = f"{site.url}/never.wav"
    for kind in ("xml", 7, ["json"], ""):
        text = failure(worker, {"audio": url, "response_format": kind})
        allowed = "json, text, srt, vtt, verbose_json"
        assert text == f"Invalid response_format. Must be one of: {allowed}"
    assert not any("never" in str(request) for request in site.requests)


def test_3_base64_wants_its_format_and_may_be_a_data_url(worker: ServerProcess) -> None:
    needed = "audio_format is required when using base64-encoded audio"
    assert failure(worker, {"audio": sound()["audio"]}) == needed
    url = f"data:audio/wav;base64,{sound()['audio']}"
    assert failure(worker, {"audio": url}) == needed
    assert output(worker, audio=url)["text"].startswith("Hello number")


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"audio": "/etc/passwd", "audio_format": "wav"}, "audio"),
        ({"audio": "AAAA%%", "audio_format": "wav"}, "neither an http"),
        ({"audio": "UklGRg==", "audio_format": "../../x"}, "audio_format"),
        ({"audio": "file:///etc/passwd", "audio_format": "wav"}, "neither an http"),
        ({"audio": "http://169.254.169.254/a.wav"}, "address"),
        ({"audio": 5}, "audio"),
        ({"diarization_segments": [{"start": 2, "end": 1, "speaker": "1"}]}, "ends before"),
        ({"diarization_segments": [{"start": 0}]}, "diarization_segments"),
        ({"diarization_segments": "1"}, "diarization_segments"),
        ({"num_speakers": 0}, "num_speakers"),
        ({"language": "klingon"}, "language"),
    ],
)
def test_3_what_is_wrong_is_named(worker: ServerProcess, fields: dict[str, Any], text: str) -> None:
    assert text in failure(worker, {**sound(), **fields})


def test_4_json_has_no_segments_unless_they_are_asked_for(
    worker: ServerProcess, site: MediaServer, tmp_path: Path
) -> None:
    (tmp_path / "talk.wav").write_bytes(TALK)
    url = site.add(tmp_path / "talk.wav")
    plain = output(worker, audio=url, audio_format=None)
    assert plain == {"text": "Hello number 0. Hello number 3. Hello number 5."}
    timed = output(worker, audio=url, timestamps=True)
    assert [set(each) for each in timed["segments"]] == [
        {"id", "start", "end", "text", "speaker"}
    ] * 3
    assert [each["speaker"] for each in timed["segments"]] == ["1", "2", "1"]


TURNS = [{"start": 0, "end": 3, "speaker": "7"}, {"start": 3, "end": 6, "speaker": 8}]


def test_5_known_turns_bring_segments_with_speakers(worker: ServerProcess) -> None:
    segments = output(worker, diarization_segments=TURNS)["segments"]
    assert [each["speaker"] for each in segments] == ["7", "8", "8"]


@pytest.mark.parametrize("kind", ["text", "srt", "vtt"])
def test_6_texts_are_in_an_object(worker: ServerProcess, kind: str) -> None:
    made = output(worker, response_format=kind)
    assert set(made) == {"text"}
    marks = {"text": "Hello number 0. Hello", "srt": "[2] Hello number 3.", "vtt": "<v 2>Hello"}
    assert marks[kind] in made["text"]


def test_7_verbose_json_has_the_true_length(worker: ServerProcess) -> None:
    made = output(worker, response_format="verbose_json", language="en")
    assert set(made) == {"text", "language", "duration", "model", "segments"}
    assert made["language"] == "en"
    assert "listener" in made["model"]
    assert made["duration"] == pytest.approx(8.0, abs=0.01)


def test_8_the_speaker_is_who_speaks_longest_in_all(worker: ServerProcess) -> None:
    """The first sentence is from 0.5 to 2.0 s."""
    turns = [
        {"start": 0.5, "end": 0.9, "speaker": "1"},
        {"start": 0.9, "end": 1.5, "speaker": "2"},
        {"start": 1.5, "end": 2.0, "speaker": "1"},
    ]
    first = output(worker, diarization_segments=turns)["segments"][0]
    assert first["speaker"] == "1"


def test_9_no_turn_is_unknown_and_no_turns_are_null(worker: ServerProcess) -> None:
    far = [{"start": 0.5, "end": 2.0, "speaker": "1"}, {"start": 100, "end": 101, "speaker": "2"}]
    segments = output(worker, diarization_segments=far)["segments"]
    assert [each["speaker"] for each in segments] == ["1", "unknown", "unknown"]
    none = output(worker, diarization_segments=[], diarize=False, timestamps=True)
    assert [each["speaker"] for each in none["segments"]] == [None] * 3
    empty = [{"start": 1, "end": 1, "speaker": "1"}]
    none = output(worker, diarization_segments=empty, diarize=False, timestamps=True)
    assert [each["speaker"] for each in none["segments"]] == [None] * 3


def test_9_thousands_of_turns(worker: ServerProcess) -> None:
    turns = [{"start": n / 500, "end": (n + 1) / 500, "speaker": n % 2} for n in range(4_000)]
    segments = output(worker, diarization_segments=turns)["segments"]
    assert all(each["speaker"] in {"0", "1"} for each in segments)


def test_10_times_and_ids_go_on_over_every_window(worker: ServerProcess) -> None:
    long = wav(speech_like(*[(QUIET, 2.0), (0, 4.0)] * 12))
    made = output(worker, audio=sound(long)["audio"], response_format="verbose_json")
    segments = made["segments"]
    assert [each["id"] for each in segments] == list(range(12))
    starts = [each["start"] for each in segments]
    assert starts == sorted(starts)
    assert starts[-1] > 60


def test_11_a_window_that_fails_fails_the_job(worker: ServerProcess) -> None:
    broken = wav(speech_like((QUIET, 2.0), (0, 4.0), (0.95, 2.0), (0, 4.0), (QUIET, 2.0)))
    assert "out of order" in failure(worker, sound(broken))


def test_12_files_have_clean_times(worker: ServerProcess) -> None:
    srt = output(worker, response_format="srt")["text"]
    times = re.findall(
        r"^(\d\d:[0-5]\d:[0-5]\d,\d{3}) --> (\d\d:[0-5]\d:[0-5]\d,\d{3})$", srt, re.M
    )
    assert len(times) == srt.count("-->") == 3
    assert times == sorted(times)
    vtt = output(worker, response_format="vtt")["text"]
    assert vtt.startswith("WEBVTT\n")
    assert len(re.findall(r"^\d\d:[0-5]\d:[0-5]\d\.\d{3} --> \d\d:[0-5]\d:", vtt, re.M)) == 3


def test_13_words_come_with_their_times(worker: ServerProcess) -> None:
    segments = output(worker, word_timestamps=True)["segments"]
    words = segments[0]["words"]
    assert [word["word"] for word in words] == ["Hello", "number", "0."]
    assert all(word["start"] < word["end"] for word in words)
    assert words[0]["speaker"] == "1"


def post(server: ServerProcess, **fields: Any) -> httpx.Response:
    with server.client() as client:
        files = {"file": ("talk.wav", TALK)}
        return client.post("/v1/audio/transcriptions", files=files, data=fields)


def test_17_the_openai_route_refuses_an_unknown_format_before_it_decodes(
    worker: ServerProcess,
) -> None:
    with worker.client() as client:
        files = {"file": ("talk.wav", b"this is no sound")}
        data = {"model": "whisper-1", "response_format": "x"}
        answer = client.post("/v1/audio/transcriptions", files=files, data=data)
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert error["code"] == "invalid_format"
        assert "'x'" in error["message"]
        missing = client.post("/v1/audio/transcriptions", data={"model": "whisper-1"})
        assert missing.status_code == 400
        assert missing.json()["error"]["message"]


def test_17_the_openai_route_answers_in_every_format(worker: ServerProcess) -> None:
    plain = post(worker, model="whisper-1")
    assert plain.headers["content-type"] == "application/json"
    assert plain.json()["text"] == "Hello number 0. Hello number 3. Hello number 5."
    for kind, media_type in (("text", "text/plain"), ("vtt", "text/vtt"), ("srt", "text/plain")):
        answer = post(worker, response_format=kind)
        assert answer.headers["content-type"].startswith(media_type)
        assert "Hello number 3." in answer.text
    timed = post(worker, timestamps="true", diarize="true").json()
    assert [each["speaker"] for each in timed["segments"]] == ["1", "2", "1"]
    assert timed["duration"] == pytest.approx(8.0, abs=0.01)


def test_17_openai_s_own_client_reads_it(worker: ServerProcess) -> None:
    with openai.OpenAI(base_url=f"{worker.url}/v1", api_key="none", max_retries=0) as client:
        verbose = client.audio.transcriptions.create(
            file=("talk.wav", TALK),
            model="whisper-1",
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        )
        assert verbose.language == "english"
        assert verbose.segments is not None
        assert verbose.words is not None
        assert len(verbose.segments) == 3
        assert [word.word for word in verbose.words][:3] == ["Hello", "number", "0."]
        words = client.audio.transcriptions.create(
            file=("talk.wav", TALK),
            model="",
            response_format="verbose_json",
            timestamp_granularities=["word"],
        )
        assert words.segments is None
        with pytest.raises(openai.APIStatusError) as caught:
            client.audio.transcriptions.create(file=("a.wav", b"no sound"), model="m")
        assert caught.value.status_code == 400
        assert caught.value.code == "media_unreadable"


def test_17_our_own_engine_calls_it(worker: ServerProcess) -> None:
    """One Cuestream behind another one, over OpenAI's audio API."""
    api = AudioApiSettings(base_url=f"{worker.url}/v1", model="any")
    engine = AudioApiTranscriber(Settings(audio_api=api))
    window = Window(Audio(speech_like((0, 1.0), (QUIET, 2.0), (0, 1.0)), 16_000 * 30))
    [[segment]] = engine.decode([engine.prepare(window)])
    assert segment.language == "en"
    assert [word.text for word in segment.words] == ["Hello", "number", "1."]
    assert 30_900 <= segment.span.start_ms <= 31_100


def test_18_while_the_model_loads(tmp_path: Path) -> None:
    hold = tmp_path / "cache" / "hold"
    hold.parent.mkdir()
    hold.touch()
    server = ServerProcess(tmp_path, {}, APP)
    try:
        server.wait_listening()
        with server.client() as client:
            for _ in range(2):
                ping = client.get("/ping")
                assert (ping.status_code, ping.content) == (204, b"")
            answer = post(server)
            assert answer.status_code == 503
            text = "Model not loaded yet. Please try again in a few moments."
            assert answer.json()["error"]["message"] == text
            hold.unlink()
        server.wait_ready()
        assert post(server).status_code == 200
    finally:
        server.stop()


def test_a_recording_without_speech_has_an_empty_text(worker: ServerProcess) -> None:
    silent = sound(wav(np.zeros(32_000, np.float32)))["audio"]
    assert output(worker, audio=silent) == {"text": ""}
    verbose = output(worker, audio=silent, response_format="verbose_json")
    assert verbose["segments"] == []
    assert verbose["duration"] == pytest.approx(2.0, abs=0.01)
    assert output(worker, audio=silent, response_format="vtt")["text"].strip() == "WEBVTT"


def test_every_door_takes_the_same_json(worker: ServerProcess) -> None:
    by_queue = output(worker, timestamps=True)
    with worker.client() as client:
        for body in ({**sound(), "timestamps": True}, {"input": {**sound(), "timestamps": True}}):
            assert client.post("/api/process", json=body).json() == by_queue
        answer = client.post("/api/process", json={"audio": "x" * 8})
        assert answer.status_code == 400


def test_nothing_is_left_on_the_disk(worker: ServerProcess) -> None:
    output(worker)
    failure(worker, {**sound(), "language": "klingon"})
    failure(worker, sound(b"this is no sound"))
    left = [path for path in Path(worker.folder).rglob("cuestream-*/*") if path.is_file()]
    assert [path for path in left if path.stat().st_size > 1000] == []
