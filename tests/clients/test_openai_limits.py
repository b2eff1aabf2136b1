"""OpenAI's audio API where places, time or sizes run out, with its own SDKs.

Numbers are those of the clients' contract.
"""

from __future__ import annotations

import io
import itertools
import socket
import threading
import time
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pysubs2
import pytest

from tests.audio_engines import speech_like
from tests.clients.held_engines import Held, held_server
from tests.clients.openai_calls import late_failure, node, sdk
from tests.routers.test_parakeet_contract import QUIET, wav
from tests.runpod_platform import until

SAID = "Hello number 0."
LONG = wav(np.concatenate([speech_like((QUIET, 26.0), (0, 2.0))] * 6))
"""A window for each of its stretches."""


_lengths_s = itertools.count(1)


def sentence() -> bytes:
    """Return a recording of one sentence that no server has heard yet."""
    return wav(speech_like((0, 0.5), (QUIET, 1.5 + next(_lengths_s) / 10), (0, 1.0)))


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    """A server of one place, for which a file waits for ten seconds."""
    folder = tmp_path_factory.mktemp("single")
    held = held_server(folder, MAX_JOBS="1", SYNC_PLACE_WAIT_S="10", COMMENT_S="0.2")
    yield held
    held.release()
    held.server.stop()


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    """A server of one place, whose answers are late after a second."""
    folder = tmp_path_factory.mktemp("impatient")
    held = held_server(folder, MAX_JOBS="1", SYNC_KEEPALIVE_AFTER_S="1", MAX_UPLOAD_MB="1")
    yield held
    held.release()
    held.server.stop()


def running(held: Held) -> int:
    """Return how many places are taken."""
    with held.server.client() as client:
        return int(client.get("/health").json()["jobs"]["running"])


def transcribe(held: Held, data: bytes, retries: int = 0, **fields: Any) -> Any:
    with sdk(held.server) as client:
        again = client.with_options(max_retries=retries)
        return again.audio.transcriptions.create(file=("a.wav", data), model="m", **fields)


def test_6_a_body_that_is_too_large_is_refused_ahead_of_its_end(impatient: Held) -> None:
    head = (
        "POST /v1/audio/transcriptions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    )
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    piece = part + bytes(2**21)
    with socket.create_connection(("127.0.0.1", impatient.server.port), 60) as connection:
        connection.sendall(head.encode() + f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        # The last chunk never comes, so the answer does not wait for it.
        answer = connection.makefile("rb")
        assert answer.readline().split()[1] == b"413"
        assert b'"code":"payload_too_large"' in answer.read()


def test_9_signs_of_life_are_invisible(single: Held) -> None:
    recording = sentence()
    single.hold()
    with ThreadPoolExecutor(1) as pool, single.server.client() as client:
        theirs = pool.submit(lambda: list(transcribe_events(single, recording)))
        form = {"data": {"stream": "true"}, "files": {"file": ("a.wav", recording)}}
        with client.stream("POST", "/v1/audio/transcriptions", **form) as answer:
            lines = answer.iter_lines()
            assert next(line for line in lines if line.startswith(":"))
            single.release()
            assert any(line.startswith("event: transcript.text.done") for line in lines)
        events = theirs.result()
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]
    assert events[0].delta == events[1].text == SAID


def transcribe_events(held: Held, data: bytes) -> Iterator[Any]:
    with sdk(held.server) as client:
        yield from client.audio.transcriptions.create(file=("a.wav", data), model="m", stream=True)


def test_12_whoever_leaves_a_stream_gives_the_place_back(single: Held) -> None:
    with sdk(single.server) as client:
        stream = client.audio.transcriptions.create(file=("a.wav", LONG), model="m", stream=True)
        assert next(iter(stream)).type == "transcript.text.delta"
        single.hold()
        assert running(single) == 1
        stream.close()
    # The decoder is still held, so that the place was given back by the one who left.
    with sdk(single.server) as client:
        other = client.audio.transcriptions.create(
            file=("a.wav", sentence()), model="m", stream=True
        )
        single.release()
        assert [event.type for event in other][-1] == "transcript.text.done"


@pytest.fixture
def full(impatient: Held) -> Iterator[Held]:
    """The server while another job has its only place."""
    impatient.hold()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(transcribe, impatient, sentence())
        until(lambda: running(impatient) == 1)
        yield impatient
        impatient.release()
        assert first.result().text == SAID


def test_16_a_full_server_says_when_to_come_back(full: Held, tmp_path: Path) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        transcribe(full, sentence())
    assert caught.value.code == "overloaded"
    assert caught.value.type == "rate_limit_error"
    headers = caught.value.response.headers
    assert float(headers["retry-after"]) > 0
    assert headers["x-should-retry"] == "true"
    # Node sends a stream of a file once, whatever its number of retries.
    [line] = node(full.server, tmp_path, "unretried", data=sentence())
    assert (line["status"], line["error"], line["code"]) == (429, "RateLimitError", "overloaded")


@pytest.mark.slow
def test_16_both_sdks_succeed_with_their_next_try(full: Held, tmp_path: Path) -> None:
    def python() -> Any:
        return transcribe(full, sentence(), retries=2)

    before = refusals(full)
    with ThreadPoolExecutor(2) as pool:
        ours = pool.submit(python)
        theirs = pool.submit(node, full.server, tmp_path, "retried", data=sentence())
        until(lambda: refusals(full) == before + 2)
        full.release()
        assert ours.result().text == SAID
        [line] = theirs.result()
    assert line["value"]["text"] == SAID


def refusals(held: Held) -> int:
    return held.server.log.count("status=429")


@pytest.mark.slow
def test_22_a_decode_longer_than_the_read_timeout_succeeds(impatient: Held) -> None:
    limit_s = 5.0
    impatient.hold()
    recording = sentence()
    began_s = time.monotonic()
    threading.Timer(limit_s + 1.5, impatient.release).start()
    timeout = httpx.Timeout(60, read=limit_s)
    with ThreadPoolExecutor(2) as pool:
        kinds = ("json", "srt")
        json_, srt = pool.map(
            lambda kind: transcribe(impatient, recording, response_format=kind, timeout=timeout),
            kinds,
        )
    assert time.monotonic() - began_s > limit_s
    assert json_.text == SAID
    assert [cue.text for cue in pysubs2.SSAFile.from_string(srt)] == [SAID]


def test_11_an_error_in_a_stream_has_every_field_in_both_sdks(single: Held, tmp_path: Path) -> None:
    with sdk(single.server) as client, pytest.raises(openai.APIError) as caught:
        for _ in client.audio.transcriptions.create(
            file=("a.wav", late_failure()), model="m", stream=True
        ):
            pass
    assert caught.value.type == "server_error"
    assert caught.value.code == "engine_failed"
    assert caught.value.param is None
    assert "out of order" in caught.value.message
    [line] = node(single.server, tmp_path, "events", data=late_failure())
    assert (line["type"], line["code"]) == (caught.value.type, caught.value.code)
    assert line["message"] == caught.value.message


def studio_wav(seconds: float, said_s: float) -> bytes:
    """Return 32-bit stereo at 96 kHz, 768 kB for each second, with a sentence in it."""
    sound = np.zeros((int(seconds * 96_000), 2), np.float32)
    said = speech_like((QUIET, said_s)).repeat(6)
    sound[48_000 : 48_000 + len(said)] = said[:, None]
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(4)
        writer.setframerate(96_000)
        writer.writeframes((sound * (2**31 - 256)).astype("<i4").tobytes())
    return file.getvalue()


@pytest.mark.slow
def test_39_parts_of_twenty_megabytes_side_by_side(tmp_path: Path) -> None:
    held = held_server(tmp_path, SYNC_PLACE_WAIT_S="300", SYNC_KEEPALIVE_AFTER_S="600")
    parts = [studio_wav(26.5, 1.5 + number / 10) for number in range(10)]
    assert min(len(part) for part in parts) > 20_000_000
    try:
        with ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(lambda part: transcribe(held, part, timeout=600), parts))
    finally:
        held.server.stop()
    assert [answer.text for answer in answers] == [SAID] * 10
