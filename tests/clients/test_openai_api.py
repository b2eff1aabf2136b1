"""OpenAI's audio API with its own SDKs; numbers are those of the clients' contract."""

from __future__ import annotations

import base64
import io
import json
import math
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import numpy as np
import openai
import pysubs2
import pytest

from tests.audio_engines import speech_like
from tests.clients.extension_client import HERE
from tests.routers.test_parakeet_contract import LOUD, QUIET, TALK, wav
from tests.server import ServerProcess

APP = "tests.audio_engines:application()"
TEXT = "Hello number 0. Hello number 3. Hello number 5."
KEY = "right-key"
BROKEN = wav(speech_like((0, 1.0), (0.9, 1.5), (0, 1.0)))


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = {"DIARIZATION_ENABLED": "true", "SYNC_KEEPALIVE_AFTER_S": "40"}
    settings |= {"MAX_UPLOAD_MB": "25"}
    server = ServerProcess(tmp_path_factory.mktemp("openai"), settings, APP)
    server.wait_ready()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with a key and a single place."""
    settings = {"API_KEYS": KEY, "MAX_JOBS": "1", "MAX_UPLOAD_MB": "1"}
    server = ServerProcess(tmp_path_factory.mktemp("locked"), settings, APP)
    server.wait_ready()
    yield server
    server.stop()


def sdk(server: ServerProcess, key: str = "none", **options: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0, **options)


def create(server: ServerProcess, data: bytes = TALK, name: str = "a.wav", **fields: Any) -> Any:
    fields = {"model": "whisper-1", **fields}
    with sdk(server) as client:
        answer = client.audio.transcriptions.create(file=(name, data), **fields)
        # A stream is read while its client is open.
        return list(answer) if fields.get("stream") else answer


def post(
    server: ServerProcess, data: bytes = TALK, path: str = "transcriptions", **fields: Any
) -> httpx.Response:
    with server.client() as client:
        files = {"file": ("talk.wav", data)}
        return client.post(f"/v1/audio/{path}", files=files, data=fields)


def node(server: ServerProcess, folder: Path, *names: str, data: bytes = TALK) -> list[Any]:
    path = folder / "sound.wav"
    path.write_bytes(data)
    command = ["node", str(HERE / "openai_requests.mjs"), server.url, str(path), *names]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_1_json_is_the_default(worker: ServerProcess) -> None:
    answer = create(worker)
    assert answer.text == TEXT
    assert answer.usage.type == "duration"
    assert answer.usage.seconds == 8
    assert post(worker).headers["content-type"] == "application/json"


def test_2_verbose_json_has_every_field_and_no_null(worker: ServerProcess) -> None:
    both = create(
        worker, response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )
    raw = both.to_dict()
    assert "null" not in json.dumps(raw)
    assert both.language == "english"
    assert math.isclose(both.duration, 8.0, abs_tol=0.01)
    for number, segment in enumerate(both.segments):
        assert segment.id == number
        assert isinstance(segment.seek, int)
        assert isinstance(segment.tokens, list)
        for name in ("avg_logprob", "compression_ratio", "no_speech_prob", "temperature"):
            assert isinstance(getattr(segment, name), float)
        assert 0 <= segment.start < segment.end
    starts = [word.start for word in both.words]
    assert starts == sorted(starts)
    words = create(worker, response_format="verbose_json", timestamp_granularities=["word"])
    assert "segments" not in words.to_dict()
    assert len(words.words) == 9


def test_3_files_come_verbatim_in_both_sdks(worker: ServerProcess, tmp_path: Path) -> None:
    found = {kind: create(worker, response_format=kind) for kind in ("srt", "vtt", "text")}
    assert all(isinstance(text, str) for text in found.values())
    for kind in ("srt", "vtt"):
        assert len(pysubs2.SSAFile.from_string(found[kind])) == 3
        assert not post(worker, response_format=kind).headers["content-type"].endswith("json")
    assert found["text"].strip() == TEXT
    theirs = node(worker, tmp_path, *found)
    assert [line["value"] for line in theirs] == list(found.values())


def reference(loudness: float) -> str:
    data = base64.b64encode(wav(speech_like((loudness, 3.0)))).decode()
    return f"data:audio/wav;base64,{data}"


def test_4_speakers_are_letters_or_known_names(worker: ServerProcess) -> None:
    plain = create(worker, response_format="diarized_json")
    assert [each.speaker for each in plain.segments] == ["A", "B", "A"]
    assert {type(each.id) for each in plain.segments} == {str}
    assert {each.type for each in plain.segments} == {"transcript.text.segment"}
    known = create(
        worker,
        response_format="diarized_json",
        extra_body={
            "known_speaker_names": ["Loud", "Quiet"],
            "known_speaker_references": [reference(LOUD), reference(QUIET)],
        },
    )
    assert [each.speaker for each in known.segments] == ["Quiet", "Loud", "Quiet"]
    assert [each.text for each in known.segments] == [each.text for each in plain.segments]
    one = create(
        worker,
        response_format="diarized_json",
        extra_body={
            "known_speaker_names": ["Loud"],
            "known_speaker_references": [reference(LOUD)],
        },
    )
    assert [each.speaker for each in one.segments] == ["A", "Loud", "A"]


@pytest.mark.parametrize(
    "fields",
    [
        {"known_speaker_names[]": ["a"]},
        {"known_speaker_names[]": ["a"], "known_speaker_references[]": ["https://host/a.wav"]},
        {
            "known_speaker_names[]": ["a"],
            "known_speaker_references[]": ["data:audio/wav;base64,AAAA"],
        },
    ],
)
def test_4_a_wrong_reference_is_named(worker: ServerProcess, fields: dict[str, Any]) -> None:
    answer = post(worker, response_format="diarized_json", **fields)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "known_speaker_references"


def converted(tmp_path: Path, ending: str) -> bytes:
    path = tmp_path / f"a.{ending}"
    command = ["ffmpeg", "-v", "error", "-y", "-i", "-", "-af", "volume=0.5", str(path)]
    subprocess.run(command, input=TALK, check=True)
    return path.read_bytes()


def test_5_bytes_say_what_they_are(worker: ServerProcess, tmp_path: Path) -> None:
    with sdk(worker) as client:
        raw = client.audio.transcriptions.create(file=TALK, model="whisper-1")
    mp3 = create(worker, converted(tmp_path, "mp3"), "a.wav")
    m4a = create(worker, converted(tmp_path, "m4a"), "a.m4a")
    for answer in (raw, mp3, m4a):
        assert answer.text.startswith("Hello number 0.")


def test_6_chunked_uploads_are_bounded_while_they_come(
    worker: ServerProcess, locked: ServerProcess, tmp_path: Path
) -> None:
    [line] = node(worker, tmp_path, "json")
    assert line["value"]["text"] == TEXT
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(64):
            sent += 1
            yield bytes(2**18)

    headers = {"Content-Type": "multipart/form-data; boundary=b", "X-API-Key": KEY}
    with locked.client(headers=headers) as client:
        answer = client.post("/v1/audio/transcriptions", content=body())
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "payload_too_large"
    assert answer.json()["error"]["param"] == "file"


def test_7_what_is_unknown_is_ignored(worker: ServerProcess) -> None:
    extra = {"vad_filter": True, "nested": {"a": ["b"]}, "without_timestamps": False}
    answer = create(worker, model="any/model", prompt="", extra_body=extra)
    assert answer.text == TEXT


def test_8_lists_with_and_without_brackets_are_equal(worker: ServerProcess) -> None:
    wanted = {"response_format": "verbose_json"}
    bare = {"keywords": ["a", "b"], "timestamp_granularities": ["word", "segment"]}
    bracketed = {f"{name}[]": value for name, value in bare.items()}
    one, other = post(worker, **wanted, **bare).json(), post(worker, **wanted, **bracketed).json()
    assert one == other
    assert {"words", "segments"} <= one.keys()


def test_9_deltas_join_to_the_text(worker: ServerProcess, tmp_path: Path) -> None:
    fresh = wav(speech_like((0, 0.7), (QUIET, 1.5), (0, 1.0), (LOUD, 1.5), (0, 1.0)))
    events = list(create(worker, fresh, stream=True))
    deltas = [each.delta for each in events if each.type == "transcript.text.delta"]
    assert "".join(deltas) == events[-1].text == create(worker, fresh).text
    assert len(deltas) == 2
    [line] = node(worker, tmp_path, "events", data=fresh)
    said = [each["delta"] for each in line["value"] if each["type"].endswith("delta")]
    assert "".join(said) == events[-1].text


def test_10_segments_of_speakers_come_ahead_of_the_end(worker: ServerProcess) -> None:
    events = list(create(worker, stream=True, response_format="diarized_json"))
    segments = [each for each in events if each.type == "transcript.text.segment"]
    starts = [each.start for each in segments]
    assert starts == sorted(starts)
    assert [each.speaker for each in segments] == ["A", "B", "A"]
    assert events[-1].type == "transcript.text.done"


def late_failure() -> bytes:
    """A recording whose second window breaks the transcriber."""
    return wav(
        speech_like((0, 0.5), (QUIET, 8.0), (0, 1.0), (QUIET, 20.0), (0, 1.0), (0.9, 8.0), (0, 1.0))
    )


def test_11_a_failure_in_the_stream_is_an_error_in_both_sdks(
    worker: ServerProcess, tmp_path: Path
) -> None:
    with pytest.raises(openai.APIError) as caught:
        list(create(worker, late_failure(), stream=True))
    assert caught.value.code
    [line] = node(worker, tmp_path, "events", data=late_failure())
    assert line["code"] == caught.value.code


def test_13_a_corrupt_file_is_a_bad_request(worker: ServerProcess) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        create(worker, b"no sound at all")
    assert caught.value.param == "file"
    assert caught.value.code == "media_unreadable"
    assert "/" not in caught.value.body["message"]  # type: ignore[index]
    with pytest.raises(openai.BadRequestError):
        create(worker, b"no sound at all", stream=True)


def test_14_a_wrong_key(locked: ServerProcess) -> None:
    with sdk(locked, "wrong") as client, pytest.raises(openai.AuthenticationError) as caught:
        client.audio.transcriptions.create(file=("a.wav", TALK), model="m")
    assert caught.value.code == "invalid_api_key"
    assert caught.value.request_id == caught.value.response.headers["x-request-id"]
    with sdk(locked, KEY) as client:
        assert client.audio.transcriptions.create(file=("a.wav", TALK), model="m").text == TEXT


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": KEY},
        {"api-key": KEY},
        {"xi-api-key": KEY},
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"Token {KEY}"},
        {"Authorization": KEY},
    ],
)
def test_14_the_key_in_every_header(locked: ServerProcess, headers: dict[str, str]) -> None:
    with locked.client(headers=headers) as client:
        assert client.get("/v1/models").status_code == 200


@pytest.mark.parametrize("value", ["", "Basic x", "Bearer", f"Basic {KEY}"])
def test_14_no_key_is_refused(locked: ServerProcess, value: str) -> None:
    with locked.client(headers={"Authorization": value}) as client:
        answer = client.get(f"/v1/models?api_key={KEY}")
    assert answer.status_code == 401
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("value", ["Bearer", "Bearer undefined", "undefined", None])
def test_15_without_keys_any_will_do(worker: ServerProcess, value: str | None) -> None:
    headers = {} if value is None else {"Authorization": value}
    with worker.client(headers=headers) as client:
        answer = client.post("/v1/audio/transcriptions", files={"file": ("a.wav", TALK)})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"response_format": "foo"}, "response_format"),
        ({"temperature": "x"}, "temperature"),
        ({"temperature": "nan"}, "temperature"),
        ({"language": "no language"}, "language"),
        ({"languages[]": "q"}, "languages"),
        ({"stream": "perhaps"}, "stream"),
        ({"include[]": "everything"}, "include"),
        ({"timestamp_granularities[]": "letter"}, "timestamp_granularities"),
        ({"chunking_strategy": "random"}, "chunking_strategy"),
        ({"chunking_strategy": "{"}, "chunking_strategy"),
        ({"chunking_strategy[threshold]": "5"}, "chunking_strategy[threshold]"),
    ],
)
def test_17_bad_parameters_are_refused_ahead_of_decoding(
    worker: ServerProcess, fields: dict[str, str], param: str
) -> None:
    answer = post(worker, b"no sound", **fields)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


def test_19_models_are_listed_and_found(worker: ServerProcess) -> None:
    with sdk(worker) as client:
        names = [model.id for model in client.models.list()]
        assert "whisper-1" in names
        for name in names:
            assert client.models.retrieve(name).id == name
        with pytest.raises(openai.NotFoundError) as caught:
            client.models.retrieve("no/such")
    assert caught.value.code == "model_not_found"


def length_s(data: bytes) -> float:
    command = ["ffmpeg", "-v", "error", "-i", "-", "-f", "s16le", "-ar", "8000", "-ac", "1", "-"]
    return len(subprocess.run(command, input=data, capture_output=True, check=True).stdout) / 16_000


def test_20_speech_in_every_format(worker: ServerProcess) -> None:
    said = {"model": "tts-1", "voice": "alloy", "input": "Where do you want to go today?"}
    types = {"mp3": "audio/mpeg", "wav": "audio/wav", "flac": "audio/flac", "opus": "audio/ogg"}
    with sdk(worker) as client:
        for kind, media_type in {**types, "aac": "audio/aac"}.items():
            answer = client.audio.speech.create(**said, response_format=kind)  # type: ignore[call-overload]
            assert answer.response.headers["content-type"] == media_type
            assert length_s(answer.content) > 0.8
        pcm = client.audio.speech.create(**said, response_format="pcm").content  # type: ignore[call-overload]
        assert len(pcm) / 48_000 > 0.8
        slow = client.audio.speech.create(**said, response_format="pcm", speed=0.5).content  # type: ignore[call-overload]
        assert len(slow) > 1.5 * len(pcm)
    with worker.client() as http:
        events = http.post(
            "/v1/audio/speech", json={**said, "response_format": "pcm", "stream_format": "sse"}
        )
    data = [json.loads(line[6:]) for line in events.text.splitlines() if line.startswith("data: ")]
    joined = b"".join(
        base64.b64decode(e["audio"]) for e in data if e["type"] == "speech.audio.delta"
    )
    assert joined == pcm
    assert data[-1]["type"] == "speech.audio.done"
    for wrong in ({"voice": "nobody"}, {"speed": 9}, {"response_format": "mid"}, {"input": " "}):
        with worker.client() as http:
            answer = http.post("/v1/audio/speech", json={**said, **wrong})
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == next(iter(wrong))


def test_21_json_with_sound_is_as_a_form(worker: ServerProcess) -> None:
    sound = {"data": base64.b64encode(TALK).decode(), "format": "wav"}
    body = {"model": "m", "input_audio": sound, "language": None, "response_format": "verbose_json"}
    with worker.client() as client:
        answer = client.post("/v1/audio/transcriptions", json=body)
        assert answer.json() == post(worker, response_format="verbose_json").json()
        for wrong in ({}, {"input_audio": 5}, {"input_audio": {"data": "%%"}}, [1]):
            refused = client.post("/v1/audio/transcriptions", json=wrong)
            assert refused.status_code == 400, refused.text
            assert refused.json()["error"]["message"]


def test_38_open_webui_s_chunked_form(worker: ServerProcess) -> None:
    import asyncio

    async def send(language: str | None) -> tuple[int, Any]:
        form = aiohttp.FormData()
        form.add_field("model", "")
        if language:
            form.add_field("language", language)
        form.add_field(
            "file", io.BytesIO(TALK), filename="a.wav", content_type="application/octet-stream"
        )
        async with aiohttp.ClientSession() as session:
            url = f"{worker.url}/v1/audio/transcriptions"
            async with session.post(url, data=form, chunked=True) as answer:
                return answer.status, await answer.json()

    status, bad = asyncio.run(send("klingonese"))
    assert status == 400
    assert bad["error"]["message"]
    status, good = asyncio.run(send(None))
    assert (status, good["text"]) == (200, TEXT)


def test_39_parallel_chunks_all_succeed(worker: ServerProcess) -> None:
    pieces = [
        wav(
            np.concatenate(
                [np.zeros(1600 * n, np.float32), speech_like((0, 0.5), (QUIET, 1.5), (0, 1.0))]
            )
        )
        for n in range(10)
    ]
    with ThreadPoolExecutor(10) as pool:
        statuses = [
            answer.status_code for answer in pool.map(lambda data: post(worker, data), pieces)
        ]
    assert statuses == [200] * 10


def test_40_lists_want_no_key(locked: ServerProcess) -> None:
    with locked.client() as client:
        voices = client.get("/v1/audio/voices").json()["voices"]
        models = client.get("/v1/audio/models").json()["models"]
        assert {"id", "name"} <= voices[0].keys() & models[0].keys()
        assert client.get("/v1/models").status_code == 401


def test_41_librechat_s_form(worker: ServerProcess, tmp_path: Path) -> None:
    [line] = node(worker, tmp_path, "librechat")
    assert line["value"]["text"] == TEXT


def test_42_subtitle_edit_without_stream(worker: ServerProcess) -> None:
    fields = {"timestamp_granularities[]": ["word", "segment"], "response_format": "verbose_json"}
    for segment in post(worker, model="whisper-1", **fields).json()["segments"]:
        assert type(segment["id"]) is int
        assert all(isinstance(segment[name], int | float) for name in ("seek", "start", "end"))
        assert isinstance(segment["text"], str)
    with worker.client() as client:
        assert client.head("/").status_code < 500


def test_43_subtitle_edit_s_stream(worker: ServerProcess) -> None:
    for kind in ("json", "diarized_json"):
        frames = post(worker, stream="true", response_format=kind).text.strip().split("\n\n")
        frames = [frame for frame in frames if not frame.startswith(":")]
        assert all(frame.startswith("event: transcript.text.") for frame in frames)
        data = [json.loads(frame.partition("data: ")[2]) for frame in frames]
        assert not any("segment_id" in each for each in data)
        assert [type(each["id"]) for each in data[-1]["segments"]] == [int] * 3
        assert all(each["start"] < each["end"] for each in data[-1]["segments"])
        nested = [each["segment"] for each in data if each["type"] == "transcript.text.segment"]
        assert [each["id"] for each in nested] == ([0, 1, 2] if kind == "diarized_json" else [])


def test_44_voiceink_s_probe(locked: ServerProcess) -> None:
    for key, status in ((KEY, 400), ("wrong", 401)):
        with locked.client(headers={"Authorization": f"Bearer {key}"}) as client:
            files = {"file": ("probe.wav", bytes(1024), "audio/wav")}
            answer = client.post("/v1/audio/transcriptions", files=files, data={"model": "m"})
        assert answer.status_code == status, answer.text


def test_45_get_of_a_post_route(worker: ServerProcess, locked: ServerProcess) -> None:
    with worker.client() as client:
        answer = client.get("/v1/audio/transcriptions")
        assert answer.status_code == 405
        assert answer.json()["error"]["message"]
        unknown = client.get("/v1/no/such")
        assert unknown.status_code == 404
        assert unknown.json()["error"]["type"] == "invalid_request_error"


def test_46_pages_of_other_origins_may_call(locked: ServerProcess) -> None:
    origin = {"Origin": "app://obsidian.md"}
    asked = {
        **origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    with locked.client() as client:
        allowed = client.options("/v1/audio/transcriptions", headers=asked)
        assert allowed.status_code == 200
        assert "authorization" in allowed.headers["access-control-allow-headers"].lower()
        refused = client.post("/v1/audio/transcriptions", headers=origin)
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] in {"*", origin["Origin"]}


def test_vllm_s_chunks(worker: ServerProcess) -> None:
    text = post(worker, stream="true", stream_include_usage="true").text
    lines = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(line) for line in lines[:-1]]
    assert {each["object"] for each in chunks} == {"transcription.chunk"}
    said = [choice["delta"]["content"] for each in chunks for choice in each["choices"]]
    assert "".join(said) == TEXT
    assert chunks[-1]["usage"]["seconds"] == 8


def test_log_probabilities_of_words(worker: ServerProcess) -> None:
    answer = create(worker, include=["logprobs"])
    assert "".join(each.token for each in answer.logprobs) == TEXT
    assert all(each.logprob < 0 for each in answer.logprobs)


def test_silence_is_an_empty_text(worker: ServerProcess) -> None:
    silent = wav(np.zeros(32_000, np.float32))
    assert create(worker, silent).text == ""
    assert create(worker, silent, response_format="srt").strip() == ""
    events = list(create(worker, silent, stream=True))
    assert [each.type for each in events] == ["transcript.text.done"]
    assert events[0].text == ""
