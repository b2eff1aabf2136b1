"""The transcriber behind OpenAI's audio API, against a real HTTP server with its wire shape."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from app.domain.audio import Audio
from app.domain.errors import (
    EngineLoadError,
    JobCancelledError,
    RemoteEngineAuthError,
    RemoteEngineError,
)
from app.domain.transcript import Segment
from app.gpu.calls import call_retry
from app.gpu.engines.audio_api import AudioApiTranscriber
from app.gpu.engines.audio_api.audio_prices import price_of
from app.gpu.protocols import PaidTranscriber, Window
from app.settings import AsrSettings, AudioApiSettings, Settings, VendorSettings
from tests.endpoint_server import Call, CalledServer, Reply, called_server, samples_of

KEY = "sk-very-secret"


def transcript(call: Call) -> Reply:
    """Answer as OpenAI does: a word for each second of the file."""
    seconds = len(samples_of(call.form["file"][0])) // 16_000
    words = [{"word": f"w{n}", "start": n, "end": n + 0.5} for n in range(seconds)]
    text = " ".join(word["word"] for word in words) + "."
    segment = {"id": 0, "seek": 0, "start": 0.0, "end": float(seconds), "text": text}
    segment |= {"tokens": [], "temperature": 0.0, "avg_logprob": -0.1, "no_speech_prob": 0.01}
    fields = {"task": "transcribe", "language": "english", "duration": float(seconds)}
    return Reply({**fields, "text": text, "segments": [segment], "words": words})


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_retry, "_FIRST_S", 0.05)


@pytest.fixture
def server() -> Iterator[CalledServer]:
    with called_server(transcript) as running:
        yield running


def engine(server: CalledServer, **fields: Any) -> AudioApiTranscriber:
    fields = {"base_url": f"{server.url}/v1", "api_key": SecretStr(KEY), "model": "m", **fields}
    api = AudioApiSettings(**fields)
    return AudioApiTranscriber(Settings(asr=AsrSettings(engine="openai"), audio_api=api))


def window(seconds: float = 4, start_s: float = 100, **fields: Any) -> Window:
    rng = np.random.default_rng(0)
    samples = rng.normal(0, 0.1, int(seconds * 16_000)).astype(np.float32)
    return Window(Audio(samples, int(start_s * 16_000)), **fields)


def decode(transcriber: AudioApiTranscriber, *windows: Window) -> list[list[Segment]]:
    return transcriber.decode([transcriber.prepare(each) for each in windows])


def test_it_asks_as_the_api_wants_and_reads_its_answer(server: CalledServer) -> None:
    [[segment]] = decode(engine(server), window(language="en-GB", prompt="Names: Ada."))
    assert segment.text == "w0 w1 w2 w3."
    assert segment.language == "en"
    assert [word.span.start_ms for word in segment.words] == [100_000, 101_000, 102_000, 103_000]
    [call] = server.calls
    assert (call.method, call.path) == ("POST", "/v1/audio/transcriptions")
    assert call.headers["authorization"] == f"Bearer {KEY}"
    form = call.form
    assert form["model"] == [b"m"]
    assert form["language"] == [b"en"]
    assert form["prompt"] == [b"Names: Ada."]
    assert form["response_format"] == [b"verbose_json"]
    assert form["timestamp_granularities[]"] == [b"word", b"segment"]
    assert len(samples_of(form["file"][0])) == 4 * 16_000


def test_what_cannot_be_heard_is_not_sent(server: CalledServer) -> None:
    silence = Window(Audio(np.zeros(16_000, np.float32)))
    assert decode(engine(server), silence) == [[]]
    assert server.calls == []


def test_a_window_over_the_size_limit_is_cut_where_it_is_quiet(server: CalledServer) -> None:
    long = window(8)
    long.audio.samples[5 * 16_000 : 5 * 16_000 + 4000] = 0
    [segments] = decode(engine(server, max_file_mb=0.2), long)
    sent = [samples_of(call.form["file"][0]) for call in server.calls]
    assert len(sent) == 2
    assert all(len(file) * 2 + 44 <= 0.2 * 2**20 for file in sent)
    assert sum(map(len, sent)) == 8 * 16_000
    assert abs(len(sent[0]) - (5 * 16_000 + 2000)) < 500
    assert [segment.span.start_ms for segment in segments][1] == 100_000 + len(sent[0]) // 16


def failing(*failures: Reply) -> Any:
    """Answer with failures first, then well."""
    left = list(failures)

    def respond(call: Call) -> Reply:
        return left.pop(0) if left else transcript(call)

    return respond


@pytest.mark.parametrize(
    "failure",
    [
        Reply({"error": {"message": f"slow down, {KEY}"}}, 429, {"Retry-After": "0.2"}),
        Reply({}, 500),
        Reply(b"<html>", 503),
        Reply(drop=True),
        Reply(b"{ no json", 200),
        Reply(b"", 200),
    ],
    ids=["429", "500", "503", "dropped", "garbage", "empty"],
)
def test_what_may_pass_is_asked_again(server: CalledServer, failure: Reply) -> None:
    server.respond = failing(failure)
    [[segment]] = decode(engine(server), window())
    assert segment.text == "w0 w1 w2 w3."
    assert len(server.calls) == 2


def test_a_retry_after_is_waited_for_and_one_of_hours_is_not(server: CalledServer) -> None:
    moments: list[float] = []

    def respond(call: Call) -> Reply:
        moments.append(time.monotonic())
        return Reply({}, 429, {"Retry-After": "1"}) if len(moments) == 1 else transcript(call)

    server.respond = respond
    decode(engine(server), window())
    assert moments[1] - moments[0] >= 1
    server.respond = lambda call: Reply({}, 429, {"Retry-After": "7200"})
    with pytest.raises(RemoteEngineError, match="429"):
        decode(engine(server), window())
    assert len(server.calls) == 3


def test_it_gives_up_after_its_attempts(server: CalledServer) -> None:
    server.respond = lambda call: Reply({}, 502)
    with pytest.raises(RemoteEngineError, match="502") as caught:
        decode(engine(server, attempts=2), window())
    assert caught.value.retryable
    assert len(server.calls) == 2


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_said_and_not_tried_again(
    server: CalledServer, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    server.respond = lambda call: Reply({"error": {"message": f"bad key {KEY}"}}, status)
    with pytest.raises(RemoteEngineAuthError) as caught:
        decode(engine(server), window())
    assert not caught.value.retryable
    assert KEY not in str(caught.value)
    assert len(server.calls) == 1
    out = capsys.readouterr()
    assert KEY not in out.out + out.err


@pytest.mark.parametrize(("status", "text"), [(404, "MODEL"), (413, "MAX_FILE"), (402, "402")])
def test_other_refusals_say_what_to_set(server: CalledServer, status: int, text: str) -> None:
    server.respond = lambda call: Reply({"error": {"message": KEY}}, status)
    with pytest.raises(RemoteEngineError, match=text) as caught:
        decode(engine(server), window())
    assert KEY not in str(caught.value)
    assert len(server.calls) == 1


def test_a_server_without_word_times_is_asked_for_less_from_then_on(server: CalledServer) -> None:
    """gpt-4o-transcribe knows ``json`` alone; others refuse the granularities."""

    def respond(call: Call) -> Reply:
        if call.form["response_format"] != [b"json"]:
            return Reply({"error": {"message": "unsupported response_format"}}, 400)
        return Reply({"text": "One two. Three four."})

    server.respond = respond
    transcriber = engine(server)
    [first] = decode(transcriber, window(language="en"))
    assert [segment.text for segment in first] == ["One two.", "Three four."]
    assert first[0].words
    assert len(server.calls) == 3
    decode(transcriber, window())
    assert len(server.calls) == 4


def test_answers_are_bounded(server: CalledServer) -> None:
    server.respond = lambda call: Reply(b'{"text": "' + b"x" * (33 * 2**20) + b'"}')
    with pytest.raises(RemoteEngineError, match="larger"):
        decode(engine(server), window())
    server.respond = lambda call: Reply(b"x", 200, {"Content-Encoding": "gzip"})
    with pytest.raises(RemoteEngineError, match="compressed"):
        decode(engine(server), window())
    assert len(server.calls) == 2


def test_no_more_requests_at_a_time_than_allowed(server: CalledServer) -> None:
    transcriber = engine(server, concurrency=3)
    assert (transcriber.lanes, transcriber.max_batch) == (3, 1)


def test_a_cancelled_window_leaves_its_request_at_once(server: CalledServer) -> None:
    begun, over = threading.Event(), threading.Event()

    def respond(call: Call) -> Reply:
        begun.set()
        over.wait(30)
        return Reply({"text": "late"})

    server.respond = respond
    transcriber, one = engine(server), window()
    outcomes: list[object] = []

    def work() -> None:
        try:
            outcomes.append(decode(transcriber, one))
        except JobCancelledError as error:
            outcomes.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(30)
    one.cancelled.set()
    thread.join(30)
    over.set()
    assert [type(outcome) for outcome in outcomes] == [JobCancelledError]
    assert len(server.calls) == 1


def settings(vendor_key: str | None = None, **api: Any) -> Settings:
    vendors = VendorSettings(openai_api_key=SecretStr(vendor_key) if vendor_key else None)
    return Settings(audio_api=AudioApiSettings(**api), vendors=vendors)


def test_openai_wants_a_key_and_no_other_server_is_sent_it(server: CalledServer) -> None:
    with pytest.raises(EngineLoadError, match="OPENAI_API_KEY"):
        AudioApiTranscriber(settings())
    AudioApiTranscriber(settings(KEY))
    elsewhere = AudioApiTranscriber(settings(KEY, base_url=server.url))
    decode(elsewhere, window())
    assert "authorization" not in server.calls[0].headers
    for wrong in ("api.openai.com/v1", "ftp://host/v1", "http://"):
        with pytest.raises(EngineLoadError, match="AUDIO_API_BASE_URL"):
            AudioApiTranscriber(settings(KEY, base_url=wrong))


def test_the_key_is_not_in_what_people_and_caches_see(server: CalledServer) -> None:
    url = server.url.replace("http://", f"http://user:{KEY}@")
    transcriber = engine(server, base_url=f"{url}/v1?api_key={KEY}")
    for text in (transcriber.cache_key, transcriber.detail, repr(transcriber)):
        assert KEY not in text


@pytest.mark.parametrize(
    ("fields", "seconds", "usd"),
    [
        ({}, 60, 0.006),
        ({"model": "gpt-4o-mini-transcribe"}, 60, 0.003),
        (
            {"base_url": "https://api.groq.com/openai/v1", "model": "whisper-large-v3-turbo"},
            5,
            10 * 0.04 / 3600,
        ),
        ({"base_url": "http://127.0.0.1:9000/v1"}, 60, 0.0),
        ({"base_url": "http://speaches:8000/v1"}, 60, 0.0),
        ({"base_url": "https://speech.example.com/v1"}, 60, None),
        ({"price_per_minute_usd": 1.2, "least_billed_s": 30}, 3, 0.6),
    ],
)
def test_seconds_of_audio_are_priced(
    fields: dict[str, Any], seconds: float, usd: float | None
) -> None:
    price = price_of(AudioApiSettings(**fields))
    cost = price.cost_usd(seconds)
    assert cost == (None if usd is None else pytest.approx(usd))


def test_it_says_that_it_is_paid(server: CalledServer) -> None:
    assert isinstance(engine(server), PaidTranscriber)
