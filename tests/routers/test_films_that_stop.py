"""Films whose sender stalls, leaves or sends twice, over real connections."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.asr_app import decoded
from tests.routers.test_bazarr_contract import (
    APP,
    ASR,
    HEAD,
    TAIL,
    cues,
    decoded_twice,
    is_no_subtitle,
    pcm,
    post,
    wait_until,
)
from tests.server import ServerProcess

TARGET = "{path}?task=transcribe&language=en&output=srt&encode=false"
FILM = pcm(*[(0.3, 3), (0, 1)] * 5)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    started = ServerProcess(tmp_path_factory.mktemp("stopping"), {"MAX_JOBS": "2"}, APP)
    started.wait_ready()
    yield started
    started.stop()


def begin(server: ServerProcess, path: str, length: int, *parts: bytes) -> socket.socket:
    """Return a connection on which a film of a declared length has begun."""
    raw = socket.create_connection(("127.0.0.1", server.port))
    head = f"POST {TARGET.format(path=path)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    head += f"Content-Length: {length}\r\n"
    raw.sendall(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode() + HEAD)
    for part in parts:
        raw.sendall(part)
    return raw


def answer(raw: socket.socket) -> tuple[int, str]:
    """Return the status and the text of an answer, once the connection is closed."""
    raw.settimeout(300)
    data = b""
    while block := raw.recv(2**16):
        data += block
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.match(rb"HTTP/1.1 (\d+)", head)
    assert found, data
    return int(found[1]), body.decode()


def films(server: ServerProcess) -> list[Path]:
    """Return the films that lie on the disk."""
    return [each for kind in ("*.wav", "*.upload") for each in server.folder.rglob(kind)]


def begin_form(server: ServerProcess) -> socket.socket:
    """Return a connection on which a form has begun, but no part of it."""
    raw = socket.create_connection(("127.0.0.1", server.port))
    head = f"POST {TARGET.format(path='/asr')} HTTP/1.1\r\nHost: x\r\n"
    form = "Content-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked\r\n\r\n"
    raw.sendall(f"{head}{form}2\r\n--\r\n".encode())
    return raw


def test_senders_who_fall_silent_are_told_and_free_the_disk(server: ServerProcess) -> None:
    """In a film's sound, for both routes, and in the form's head: all at once, for time's sake."""
    began = time.monotonic()
    sound = [begin(server, path, 9_999_999, FILM) for path in ("/asr", "/detect-language")]
    silent = [*sound, begin_form(server)]
    wait_until(lambda: bool(films(server)))
    with ThreadPoolExecutor(len(silent)) as pool:
        answers = list(pool.map(answer, silent))
    assert time.monotonic() - began >= 25, "silence is allowed for half a minute"
    for raw in silent:
        raw.close()
    for status, text in answers:
        assert status == 408
        assert is_no_subtitle(text)
    assert all("too slowly" in text for _, text in answers[: len(sound)])
    wait_until(lambda: not films(server))


@pytest.mark.parametrize("path", ["/asr", "/detect-language"])
def test_a_sender_who_leaves_frees_the_disk(server: ServerProcess, path: str) -> None:
    raw = begin(server, path, 9_999_999, FILM)
    wait_until(lambda: bool(films(server)))
    raw.close()
    wait_until(lambda: not films(server))


def test_a_form_without_its_end_is_refused_and_frees_the_disk(server: ServerProcess) -> None:
    with begin(server, "/asr", len(HEAD) + len(FILM), FILM) as raw:
        status, text = answer(raw)
    assert 400 <= status < 500
    assert is_no_subtitle(text)
    wait_until(lambda: not films(server))


def test_one_who_leaves_takes_nothing_from_another_with_the_same_film(
    server: ServerProcess,
) -> None:
    film = pcm(*[(0.31, 3), (0, 1)] * 20)
    before = len(decoded(server.folder / "cache"))
    length = len(HEAD) + len(film) + len(TAIL)
    leaving, staying = (begin(server, "/asr", length, film[:-64_000]) for _ in range(2))
    wait_until(lambda: len(films(server)) == 2)
    leaving.close()
    wait_until(lambda: len(films(server)) == 1)
    staying.sendall(film[-64_000:] + TAIL)
    with staying:
        status, text = answer(staying)
    assert status == 200
    assert text.count("-->") == 20
    assert not decoded_twice(decoded(server.folder / "cache")[before:], 1)


def test_a_film_sent_twice_at_once_is_decoded_once(server: ServerProcess) -> None:
    film = pcm(*[(0.32, 3), (0, 1)] * 20)
    before = len(decoded(server.folder / "cache"))
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: post(server, "/asr", film, **ASR), range(2)))
    assert [len(cues(each)) for each in both] == [20, 20]
    heard = decoded(server.folder / "cache")[before:]
    assert heard
    assert not decoded_twice(heard, 1)
    wait_until(lambda: not films(server))
