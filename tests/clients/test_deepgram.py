"""Recordings and live sound of Deepgram's own Python SDK; a real Whisper hears a person read."""

from __future__ import annotations

import hashlib
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from deepgram import DeepgramClient, DeepgramClientEnvironment
from deepgram.core.api_error import ApiError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.librivox import recordings
from tests.media_server import MediaServer
from tests.processes import descendants_of, named
from tests.routers.test_parakeet_contract import TALK
from tests.server import ServerProcess
from tests.webhook_receiver import Receiver
from tests.wording import word_errors

KEY = "a-deepgram-key"
LINEAR = {"encoding": "linear16", "sample_rate": "16000"}
CHUNK_BYTES = 6_400
"""200 ms of 16-bit PCM at 16 kHz."""

FIRST_BYTES = 80_000
"""2.5 s, within what the person says without a pause of half a second."""

SAID, SPOKEN = min(recordings(), key=lambda recording: recording[1].stat().st_size)


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with a key that tells loud from quiet speakers."""
    settings = {"API_KEYS": KEY, "DIARIZATION_ENABLED": "true", "ALLOW_PRIVATE_URLS": "true"}
    settings |= {"LIVE_MAX_SESSIONS": "4"}
    folder = tmp_path_factory.mktemp("deepgram")
    started = ServerProcess(folder, settings, "tests.audio_engines:application()")
    started.wait_ready()
    yield started
    started.stop()


def sdk(server: ServerProcess, key: str = KEY) -> Any:
    at = server.url
    socket = at.replace("http", "ws")
    places = DeepgramClientEnvironment(base=at, production=socket, agent=socket, agent_rest=at)
    return DeepgramClient(api_key=key, environment=places)


def transcribe(server: ServerProcess, sound: bytes, key: str = KEY, **options: Any) -> Any:
    options = {"request_options": {"max_retries": 0}, "model": "nova-3", **options}
    return sdk(server, key).listen.v1.media.transcribe_file(request=sound, **options)


def pcm(path: Path, coding: str = "s16le", rate_hz: int = 16_000) -> bytes:
    asked = ["-f", coding, "-ac", "1", "-ar", str(rate_hz), "-"]
    command = ["ffmpeg", "-v", "error", "-i", str(path), *asked]
    return subprocess.run(command, check=True, capture_output=True).stdout


def check_words(words: list[Any], duration_s: float) -> None:
    times = [(word.start, word.end) for word in words]
    assert times == sorted(times)
    assert all(0 <= start <= end <= duration_s for start, end in times)
    assert all(word.word == word.word.lower() for word in words)
    assert all(0 < word.confidence <= 1 for word in words)


def test_a_recording_of_the_python_sdk(server: ServerProcess) -> None:
    sound = SPOKEN.read_bytes()
    options = {"smart_format": True, "utterances": True, "paragraphs": True, "tag": "books"}
    answer = transcribe(server, sound, language="en", keyterm=["Dashwood"], **options)
    told = answer.metadata
    assert told.sha256 == hashlib.sha256(sound).hexdigest()
    assert told.channels == 1
    assert told.model_info[told.models[0]]["name"]
    assert told.tags == ["books"]
    assert told.created.year >= 2026
    best = answer.results.channels[0].alternatives[0]
    assert word_errors(SAID, best.transcript) <= 0.25
    assert best.transcript[0].isupper(), "smart_format writes punctuation and capitals"
    check_words(best.words, told.duration)
    assert " ".join(word.punctuated_word for word in best.words) == best.transcript
    assert best.paragraphs.transcript.replace("\n\n", " ") == best.transcript
    parts = best.paragraphs.paragraphs
    assert sum(part.num_words for part in parts) == len(best.words)
    assert [s.text for part in parts for s in part.sentences]
    joined = " ".join(part.transcript for part in answer.results.utterances)
    assert joined == best.transcript
    assert len({part.id for part in answer.results.utterances}) == len(answer.results.utterances)


def test_an_address_of_the_python_sdk_without_punctuation(
    server: ServerProcess, site: MediaServer
) -> None:
    media = sdk(server).listen.v1.media
    answer = media.transcribe_url(url=site.add(SPOKEN), model="nova-2", detect_language=True)
    channel = answer.results.channels[0]
    assert channel.detected_language == "en"
    best = channel.alternatives[0]
    assert word_errors(SAID, best.transcript) <= 0.25
    assert best.transcript == best.transcript.lower()
    assert not set(best.transcript) & set('.,?!;"')
    assert best.transcript == " ".join(word.word for word in best.words)
    assert not hasattr(best.words[0], "punctuated_word")


def test_sound_without_a_header(server: ServerProcess) -> None:
    sound = pcm(SPOKEN, "mulaw", 8_000)
    more = {"additional_query_parameters": {"sample_rate": 8_000}}
    answer = transcribe(server, sound, encoding="mulaw", language="en", request_options=more)
    assert answer.metadata.duration == pytest.approx(len(sound) / 8_000, abs=0.05)
    best = answer.results.channels[0].alternatives[0]
    assert word_errors(SAID, best.transcript) <= 0.34, "a telephone's sound is harder to hear"
    with pytest.raises(ApiError) as refused:
        transcribe(server, sound, encoding="mulaw")
    assert refused.value.status_code == 400
    assert "sample_rate" in refused.value.body["err_msg"]


def test_speakers_are_numbers(worker: ServerProcess) -> None:
    answer = transcribe(worker, TALK, diarize_model="latest", utterances=True, punctuate=True)
    best = answer.results.channels[0].alternatives[0]
    assert [word.speaker for word in best.words] == [0, 0, 0, 1, 1, 1, 0, 0, 0]
    told = [(part.speaker, part.transcript) for part in answer.results.utterances]
    assert told == [(0, "Hello number 0."), (1, "Hello number 3."), (0, "Hello number 5.")]


def test_what_is_not_served_is_refused_or_named(worker: ServerProcess) -> None:
    for option in ({"redact": "pii"}, {"summarize": "v2"}, {"multichannel": True}):
        with pytest.raises(ApiError) as refused:
            transcribe(worker, TALK, **option)
        assert refused.value.status_code == 400
        assert refused.value.body["err_code"] == "option_unavailable"
        assert refused.value.body["err_msg"].startswith(next(iter(option)))
        assert refused.value.body["request_id"]
    told = transcribe(worker, TALK, numerals=True, keywords=["river:3"]).metadata.warnings
    assert {each["parameter"] for each in told} == {"numerals", "keywords"}
    with pytest.raises(ApiError) as unreadable:
        transcribe(worker, b"no sound at all")
    assert (unreadable.value.status_code, unreadable.value.body["err_code"]) == (
        400,
        "media_unreadable",
    )


def test_an_answer_goes_to_a_callback(worker: ServerProcess) -> None:
    receiver = Receiver()
    accepted = transcribe(worker, TALK, callback=receiver.url, punctuate=True)
    wait_until(lambda: receiver.calls)
    headers, body = receiver.calls[0]
    answer = json.loads(body)
    assert answer["metadata"]["request_id"] == accepted.request_id
    assert answer["metadata"]["sha256"] == hashlib.sha256(TALK).hexdigest()
    best = answer["results"]["channels"][0]["alternatives"][0]
    assert best["transcript"] == "Hello number 0. Hello number 3. Hello number 5."
    assert headers["webhook-id"]


def test_a_key_in_each_of_deepgram_s_places(worker: ServerProcess) -> None:
    assert transcribe(worker, TALK).results.channels
    with pytest.raises(ApiError) as refused:
        transcribe(worker, TALK, key="another")
    assert (refused.value.status_code, refused.value.body["err_code"]) == (401, "unauthorized")
    address = f"{worker.url.replace('http', 'ws')}/v1/listen?encoding=linear16&sample_rate=16000"
    with connect(address, subprotocols=["token", KEY], proxy=None) as browser:  # type: ignore[list-item]
        assert browser.subprotocol == "token"
    with pytest.raises(InvalidStatus) as unknown:
        connect(address, subprotocols=["token", "another"], proxy=None)  # type: ignore[list-item]
    assert unknown.value.response.status_code == 401
    assert json.loads(unknown.value.response.body)["err_code"] == "invalid_api_key"


def test_a_stream_that_cannot_be_served_is_refused_ahead_of_it(worker: ServerProcess) -> None:
    for query in (
        {"encoding": "opus", "sample_rate": "48000"},
        {"encoding": "linear16"},
        {**LINEAR, "diarize": "true"},
        {**LINEAR, "redact": "pci"},
        {**LINEAR, "endpointing": "soon"},
    ):
        address = httpx.URL(f"{worker.url.replace('http', 'ws')}/v1/listen", params=query)
        with pytest.raises(InvalidStatus) as refused:
            connect(str(address), additional_headers={"Authorization": f"Token {KEY}"}, proxy=None)
        assert refused.value.response.status_code == 400, query
        assert json.loads(refused.value.response.body)["err_msg"]


def test_places_and_messages_are_bounded(worker: ServerProcess) -> None:
    address = f"{worker.url.replace('http', 'ws')}/v1/listen?encoding=linear16&sample_rate=16000"
    own: Any = {"additional_headers": {"Authorization": f"Token {KEY}"}, "proxy": None}
    with connect(address, **own) as one, connect(address, **own):
        with pytest.raises(InvalidStatus) as full:
            connect(address, **own)
        assert full.value.response.status_code == 429
        assert int(full.value.response.headers["Retry-After"]) > 0
        assert json.loads(full.value.response.body)["err_code"] == "overloaded"
        with pytest.raises(ConnectionClosed):
            one.send(bytes(5 * 2**20))
            one.recv(30)
        assert one.close_code in (1006, 1009)


class Stream:
    """A connection of the SDK whose messages a thread collects."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.messages: list[Any] = []
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        for message in self._connection:
            self.messages.append(message)

    def send(self, sound: bytes) -> None:
        for at in range(0, len(sound), CHUNK_BYTES):
            self._connection.send_media(sound[at : at + CHUNK_BYTES])

    def of(self, kind: str) -> list[Any]:
        return [message for message in self.messages if message.type == kind]

    def finals(self) -> str:
        texts = [
            each.channel.alternatives[0].transcript for each in self.of("Results") if each.is_final
        ]
        return " ".join(filter(None, texts))


def test_live_sound_of_the_python_sdk(server: ServerProcess) -> None:
    sound = pcm(SPOKEN)
    options = {"interim_results": True, "vad_events": True, "punctuate": True}
    options |= {"endpointing": 500, "utterance_end_ms": 1000, "language": "en", **LINEAR}
    with sdk(server).listen.v1.connect(model="nova-3", **options) as connection:
        stream = Stream(connection)
        connection.send_keep_alive()
        stream.send(sound[:FIRST_BYTES])
        wait_until(lambda: stream.of("Results"))
        assert not stream.of("Results")[0].is_final, "words come while one speaks"
        stream.send(sound[FIRST_BYTES:] + bytes(64_000))
        wait_until(lambda: stream.of("UtteranceEnd"))
        results = stream.of("Results")
        last = [each for each in results if each.speech_final][-1]
        assert last.is_final
        assert not last.from_finalize
        assert word_errors(SAID, stream.finals()) <= 0.25
        words = [
            word for each in results if each.is_final for word in each.channel.alternatives[0].words
        ]
        check_words(words, len(sound) / 32_000 + 2)
        assert stream.of("SpeechStarted")[0].timestamp <= words[0].start + 0.1
        assert stream.of("UtteranceEnd")[-1].last_word_end == words[-1].end

        stream.send(sound[: len(sound) // 2])
        connection.send_finalize()
        wait_until(lambda: any(each.from_finalize for each in stream.of("Results")))
        heard = len(stream.finals().split())
        assert heard > len(words), "what was said ahead of Finalize is final"
        connection.send_finalize()
        wait_until(lambda: sum(bool(e.from_finalize) for e in stream.of("Results")) == 2)

        connection.send_close_stream()
        stream.thread.join(30)
        assert not stream.thread.is_alive(), "the server closes a stream"
    told = stream.messages[-1]
    assert told.type == "Metadata"
    whole = sound + bytes(64_000) + sound[: len(sound) // 2]
    assert told.sha256 == hashlib.sha256(whole).hexdigest()
    assert told.duration == pytest.approx(len(whole) / 32_000, abs=0.01)
    assert told.request_id == last.metadata.request_id


def test_what_is_said_last_comes_before_the_stream_is_closed(server: ServerProcess) -> None:
    """Also where its client ends it as clients once did, by an empty message; no ends are told."""
    sound = pcm(SPOKEN, "alaw", 8_000)
    options = {"encoding": "alaw", "sample_rate": "8000", "endpointing": "false"}
    with sdk(server).listen.v1.connect(model="nova-3", language="en", **options) as connection:
        stream = Stream(connection)
        stream.send(sound)
        connection.send_media(b"")
        stream.thread.join(60)
    assert word_errors(SAID, stream.finals()) <= 0.34
    assert all(each.is_final and not each.speech_final for each in stream.of("Results"))
    assert stream.messages[-1].type == "Metadata"


def contained(kind: str) -> bytes:
    """Return speech as a browser's MediaRecorder writes it: Opus, in clusters of a second."""
    live = ["-live", "1", "-cluster_time_limit", "1000"] if kind == "webm" else []
    command = ["ffmpeg", "-v", "error", "-i", str(SPOKEN), "-af", "apad=pad_dur=1", "-ac", "1"]
    command += ["-c:a", "libopus", "-b:a", "32k", *live, "-f", kind, "-"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def pieces_of(sound: bytes) -> list[bytes]:
    """A quarter of a second in each, as MediaRecorder's ``timeslice`` cuts them: anywhere."""
    return [sound[at : at + 1_001] for at in range(0, len(sound), 1_001)]


@pytest.mark.parametrize(("kind", "encoding"), [("webm", None), ("ogg", "ogg-opus")])
def test_a_browser_s_recording_is_heard_while_it_is_made(
    server: ServerProcess, kind: str, encoding: str | None
) -> None:
    sound = contained(kind)
    options: dict[str, Any] = {"interim_results": True, "endpointing": 500, "language": "en"}
    if encoding:
        options["encoding"] = encoding
    with sdk(server).listen.v1.connect(model="nova-3", punctuate=True, **options) as connection:
        stream = Stream(connection)
        pieces = pieces_of(sound)
        for piece in pieces[:-4]:
            connection.send_media(piece)
        wait_until(lambda: stream.of("Results"))
        assert not stream.of("Results")[0].is_final, "words come while the recording goes on"
        for piece in pieces[-4:]:
            connection.send_media(piece)
        connection.send_close_stream()
        stream.thread.join(60)
        assert not stream.thread.is_alive()
    assert word_errors(SAID, stream.finals()) <= 0.25
    words = [
        word
        for each in stream.of("Results")
        if each.is_final
        for word in each.channel.alternatives[0].words
    ]
    told = stream.messages[-1]
    check_words(words, told.duration)
    assert told.type == "Metadata"
    assert told.sha256 == hashlib.sha256(sound).hexdigest()
    assert told.duration == pytest.approx(len(pcm(SPOKEN)) / 32_000 + 1, abs=0.1)
    assert not stream.of("Error")


def raw_stream(server: ServerProcess) -> Any:
    address = f"{server.url.replace('http', 'ws')}/v1/listen?language=en"
    return connect(address, additional_headers={"Authorization": f"Token {KEY}"}, proxy=None)


def messages_until_closed(socket: Any) -> list[dict[str, Any]]:
    return [json.loads(message) for message in iter_messages(socket)]


def iter_messages(socket: Any) -> Iterator[str]:
    while True:
        try:
            yield socket.recv(60)
        except ConnectionClosed:
            return


def decoders(server: ServerProcess) -> set[psutil.Process]:
    return named(descendants_of(server), "ffmpeg")


def test_bytes_that_are_no_sound_end_a_stream_with_a_reason(worker: ServerProcess) -> None:
    bare = pcm(SPOKEN)[8_000:80_000]
    for sound in (bytes(range(256)) * 200, b"no sound at all, " * 3_000, bare):
        with raw_stream(worker) as socket:
            socket.send(sound)  # and nothing more: it is told without a further message
            *_, error = messages_until_closed(socket)
            assert (error["type"], error["variant"]) == ("Error", "media_unreadable")
            assert error["description"]
            assert socket.close_code == 1008
    with raw_stream(worker) as short:
        short.send(b"no sound")
        short.send(json.dumps({"type": "CloseStream"}))
        assert messages_until_closed(short)[-1]["variant"] == "media_unreadable"
    wait_until(lambda: not decoders(worker))


def test_a_damaged_part_is_told_and_what_follows_is_heard(worker: ServerProcess) -> None:
    sound = contained("webm")
    broken = sound[:6_000] + bytes(1_024) + sound[7_024:]
    with raw_stream(worker) as socket:
        for piece in pieces_of(broken):
            socket.send(piece)
            time.sleep(0.01)
        socket.send(json.dumps({"type": "CloseStream"}))
        told = messages_until_closed(socket)
        assert socket.close_code == 1000
    assert [each["variant"] for each in told if each["type"] == "Error"] == ["media_damaged"]
    assert 2 < told[-1]["duration"] < 4


def test_a_stream_without_a_byte_of_sound_ends_in_order(worker: ServerProcess) -> None:
    with raw_stream(worker) as socket:
        socket.send(json.dumps({"type": "KeepAlive"}))
        socket.send(json.dumps({"type": "Finalize"}))
        socket.send(json.dumps({"type": "CloseStream"}))
        result, told = messages_until_closed(socket)
        assert result["from_finalize"]
        assert (told["type"], told["duration"]) == ("Metadata", 0)
        assert socket.close_code == 1000


def test_a_client_that_leaves_takes_its_decoder_with_it(worker: ServerProcess) -> None:
    with raw_stream(worker) as socket:
        for piece in pieces_of(contained("webm"))[:6]:
            socket.send(piece)
        wait_until(lambda: decoders(worker))
        socket.socket.shutdown(2)
    wait_until(lambda: not decoders(worker))


def test_a_message_that_is_no_command_is_an_error_and_terms_can_change(
    worker: ServerProcess,
) -> None:
    with sdk(worker).listen.v1.connect(model="nova-3", keyterm=["a"], **LINEAR) as connection:
        stream = Stream(connection)
        for command in (
            {"type": "Speak"},
            {"type": "Configure", "keyterms": ["river", "Dashwood"]},
            {"type": "Configure", "features": {"numerals": True}},
            {"type": "Configure", "keyterms": "river"},
        ):
            connection._send(command)
        wait_until(lambda: len(stream.messages) == 4)
        error, changed, features, terms = stream.messages
        assert (error.type, error.variant) == ("Error", "SchemaError")
        assert "Speak" in error.message
        assert (changed.type, changed.keyterms) == ("ConfigureSuccess", ["river", "Dashwood"])
        assert features.code == "CONFIGURE_FEATURES_NOT_SUPPORTED"
        assert terms.code == "CONFIGURE_KEYTERM_LIMIT_EXCEEDED"


def wait_until(found: Any, limit_s: float = 60) -> None:
    ends_s = time.monotonic() + limit_s
    while not found():
        assert time.monotonic() < ends_s, "it never came"
        time.sleep(0.02)
