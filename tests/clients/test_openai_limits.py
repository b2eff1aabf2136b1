"""OpenAI's audio API where places, time or sizes run out, with its own SDKs.

Numbers are those of the clients' contract.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest

from tests.audio_engines import speech_like
from tests.clients.held_engines import Held, held_server
from tests.clients.test_openai_api import late_failure, node, sdk
from tests.routers.test_parakeet_contract import LOUD, QUIET, wav

SENTENCE = wav(speech_like((0, 0.5), (QUIET, 1.5), (0, 1.0)))
OTHER = wav(speech_like((0, 0.7), (LOUD, 1.5), (0, 1.0)))
LONG = wav(np.concatenate([speech_like((QUIET, 26.0), (0, 2.0))] * 6))
"""A window for each of its stretches."""


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    """A server of one place, for which a file waits for ten seconds."""
    held = held_server(tmp_path_factory.mktemp("single"), MAX_JOBS="1", SYNC_PLACE_WAIT_S="10")
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


def test_12_whoever_leaves_a_stream_gives_the_place_back(single: Held) -> None:
    with sdk(single.server) as client:
        stream = client.audio.transcriptions.create(file=("a.wav", LONG), model="m", stream=True)
        assert next(iter(stream)).type == "transcript.text.delta"
        single.hold()
        with pytest.raises(openai.RateLimitError):
            # The place is taken, however long another waits for it.
            transcribe(single, SENTENCE, timeout=60)
        stream.close()
    # The decoder is still held, so that the place was given back by the one who left.
    with sdk(single.server) as client:
        other = client.audio.transcriptions.create(file=("a.wav", OTHER), model="m", stream=True)
        single.release()
        assert [event.type for event in other][-1] == "transcript.text.done"


@pytest.fixture
def full(impatient: Held) -> Iterator[Held]:
    """The server while another job has its only place."""
    impatient.hold()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(transcribe, impatient, SENTENCE)
        with impatient.server.client() as client:
            while not client.get("/health").json()["jobs"]["running"]:
                time.sleep(0.02)
        yield impatient
        impatient.release()
        assert first.result().text == "Hello number 0."


def test_16_a_full_server_says_when_to_come_back(full: Held, tmp_path: Path) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        transcribe(full, OTHER)
    assert caught.value.code == "overloaded"
    assert caught.value.type == "rate_limit_error"
    headers = caught.value.response.headers
    assert float(headers["retry-after"]) > 0
    assert headers["x-should-retry"] == "true"
    # Node sends a stream of a file once, whatever its number of retries.
    [line] = node(full.server, tmp_path, "unretried", data=OTHER)
    assert (line["status"], line["error"], line["code"]) == (429, "RateLimitError", "overloaded")


@pytest.mark.slow
def test_16_both_sdks_succeed_with_their_next_try(full: Held, tmp_path: Path) -> None:
    refused = threading.Semaphore(0)

    def seen(response: httpx.Response) -> None:
        if response.status_code == 429:
            refused.release()

    def python() -> str:
        with httpx.Client(event_hooks={"response": [seen]}, timeout=120) as http:
            client = openai.OpenAI(
                base_url=f"{full.server.url}/v1", api_key="none", max_retries=2, http_client=http
            )
            return client.audio.transcriptions.create(file=("a.wav", OTHER), model="m").text

    before = full.server.log.count(" 429 ")
    with ThreadPoolExecutor(2) as pool:
        ours = pool.submit(python)
        theirs = pool.submit(node, full.server, tmp_path, "retried", data=OTHER)
        refused.acquire(timeout=60)
        while full.server.log.count("429") < before + 2:
            time.sleep(0.05)
        full.release()
        assert ours.result() == "Hello number 0."
        [line] = theirs.result()
    assert line["value"]["text"] == "Hello number 0."


@pytest.mark.slow
def test_22_a_decode_longer_than_the_read_timeout_succeeds(impatient: Held) -> None:
    limit_s = 5.0
    impatient.hold()
    began_s = time.monotonic()
    threading.Timer(limit_s + 1.5, impatient.release).start()
    timeout = httpx.Timeout(60, read=limit_s)
    with ThreadPoolExecutor(2) as pool:
        kinds = ("json", "srt")
        json_, srt = pool.map(
            lambda kind: transcribe(impatient, OTHER, response_format=kind, timeout=timeout), kinds
        )
    assert time.monotonic() - began_s > limit_s
    assert json_.text == "Hello number 0."
    assert srt.strip().startswith("1\n00:00:00,7")


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
