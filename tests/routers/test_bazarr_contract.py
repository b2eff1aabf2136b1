"""Bazarr's and whisper-asr-webservice's requests, unmodified; numbers are those of the contract."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
import wave
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import babelfish
import numpy as np
import psutil
import pysubs2
import pytest
import requests

from app.domain.events import Result
from app.submission.spoken_head import language_answer
from tests.asr_app import decoded
from tests.audio_engines import speech_like
from tests.routers.strict_subrip import StrictCue, read_strictly
from tests.server import ServerProcess

APP = "tests.asr_app:application()"
KEY = "a key/with ü"
ASR = {"task": "transcribe", "language": "en", "output": "srt", "encode": "false"}
TIMEOUT = (60, 120)
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
HEAD = b'--x\r\nContent-Disposition: form-data; name="audio_file"; filename="a"\r\n\r\n'
TAIL = b"\r\n--x--\r\n"

_CODES = """
en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no
th ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw
gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl
mg as tt haw ln ha ba jw su yue
"""
WHISPER_LANGUAGES = tuple(_CODES.split())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose late answers begin after 0.3 s."""
    settings = {"SYNC_KEEPALIVE_AFTER_S": "0.3", "MAX_JOBS": "1"}
    started = ServerProcess(tmp_path_factory.mktemp("asr"), settings, APP)
    started.wait_ready()
    yield started
    started.stop()


def pcm(*parts: tuple[float, float]) -> bytes:
    """Return what Bazarr sends: s16le, 16 kHz, mono, no header."""
    return (speech_like(*parts) * 32767).astype("<i2").tobytes()


def post(server: ServerProcess, path: str, data: bytes, **query: str) -> requests.Response:
    """Send a film as Bazarr does."""
    files = {"audio_file": data}
    return requests.post(f"{server.url}{path}", params=query, files=files, timeout=TIMEOUT)


def cues(response: requests.Response) -> list[StrictCue]:
    """Read an answer as strictly as Bazarr does."""
    return read_strictly(response.content.decode())


def windows(server: ServerProcess) -> list[tuple[int, int, str]]:
    return decoded(server.folder / "cache")


def decoded_twice(heard: list[tuple[int, int, str]], times: int) -> bool:
    """Whether any place was decoded more often than that."""
    return any(count > times for count in Counter(heard).values())


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds; a machine may be slow."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_no_subtitle(text: str) -> bool:
    """Whether neither a strict reader nor Bazarr's second one takes a text for subtitles."""
    try:
        read_strictly(text)
        return False
    except ValueError:
        pass
    try:
        pysubs2.SSAFile.from_string(text)
    except Exception:
        return True
    return False


def test_27_a_film_is_answered_as_strict_srt_with_absolute_times(server: ServerProcess) -> None:
    answer = post(server, "/asr", pcm((0, 10), (0.3, 2), (0, 1), (0.3, 2)), **ASR)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    found = cues(answer)
    assert abs(found[0].start_ms - 10_000) <= 300
    assert all(line.strip() for cue in found for line in cue.text.split("\n"))


def test_27_it_is_decoded_while_it_arrives(server: ServerProcess) -> None:
    data = pcm(*[(0.31, 3), (0, 1)] * 60)
    before = len(windows(server))
    half = threading.Event()

    def body() -> Iterator[bytes]:
        yield HEAD + data[: len(data) // 2]
        deadline = time.monotonic() + 60
        while len(windows(server)) == before and time.monotonic() < deadline:
            time.sleep(0.05)
        half.set()
        assert len(windows(server)) > before, "nothing was decoded before the film was there"
        yield data[len(data) // 2 :] + TAIL

    answer = requests.post(
        f"{server.url}/asr", params=ASR, data=body(), headers=FORM, timeout=TIMEOUT
    )
    assert half.is_set()
    assert len(cues(answer)) >= 60


@pytest.mark.parametrize("path", ["/asr", "/detect-language"])
def test_28_a_long_film_takes_no_memory(server: ServerProcess, path: str) -> None:
    worker = psutil.Process(server.process.pid).children()[0]
    quiet = bytes(2**20)
    before, most = worker.memory_info().rss, 0

    def body() -> Iterator[bytes]:
        nonlocal most
        yield HEAD + pcm((0.31, 2))
        for _ in range(219):
            yield quiet
            most = max(most, worker.memory_info().rss)
        yield TAIL

    answer = requests.post(
        f"{server.url}{path}", params=ASR, data=body(), headers=FORM, timeout=TIMEOUT
    )
    most = max(most, worker.memory_info().rss)
    if path == "/asr":
        assert len(cues(answer)) == 1
    else:
        assert answer.json()["language_code"] == "en"
    assert most - before < 100e6


def test_29_every_output_has_its_shape(server: ServerProcess, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    bare = ("-f", "s16le", "-ar", "16000", "-ac", "1", "-i", "-")
    sound = pcm((0.3, 2), (0, 1), (0.3, 2))
    subprocess.run(["ffmpeg", "-v", "error", *bare, str(film)], input=sound, check=True)
    shown = {}
    for output in ("txt", "vtt", "srt", "tsv", "json", "nonsense"):
        query = {"output": output, "language": "english", "word_timestamps": "true"}
        files = {"audio_file": ("My film.mp4", film.read_bytes())}
        answer = requests.post(f"{server.url}/asr", params=query, files=files, timeout=TIMEOUT)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/plain")
        kind = "txt" if output == "nonsense" else output
        assert answer.headers["content-disposition"].endswith(f'My%20film.mp4.{kind}"')
        shown[output] = answer.text
    assert shown["txt"] == shown["nonsense"]
    assert shown["vtt"].startswith("WEBVTT")
    assert read_strictly(shown["srt"])
    head, first = shown["tsv"].split("\n")[:2]
    assert head == "start\tend\ttext"
    start, end, text = first.split("\t")
    assert int(start) < int(end)
    assert text.startswith("Hello")
    whole = json.loads(shown["json"])
    assert whole["language"] == "en"
    assert {"id", "seek", "start", "end", "text", "tokens", "words"} <= whole["segments"][0].keys()


def test_30_silence_is_an_empty_body(server: ServerProcess) -> None:
    answer = post(server, "/asr", pcm((0, 4)), **ASR)
    assert answer.status_code == 200
    # Spaces that kept the connection alive must not stand alone: they read as a file of no cues.
    assert answer.text == "" or (answer.text.strip() == "nothing" and is_no_subtitle(answer.text))


def test_31_every_language_is_one_that_bazarr_reads() -> None:
    for code in WHISPER_LANGUAGES:
        answer = language_answer(Result((), False, code, 0, 0, {}))
        assert answer, code
        try:
            babelfish.Language.fromalpha2(str(answer["language_code"]))
        except babelfish.Error:
            babelfish.Language.fromname(str(answer["detected_language"]))
    assert language_answer(Result((), False, "und", 0, 0, {})) == {}


def test_32_only_the_head_is_heard_for_a_language(server: ServerProcess) -> None:
    before = len(windows(server))
    data = pcm((0, 40), (0.32, 40)) + bytes(30 * 2**20)
    answer = post(server, "/detect-language", data, encode="false")
    assert answer.json()["language_code"] == "en"
    assert answer.json()["detected_language"] == "english"
    heard = windows(server)[before:]
    assert 0 < sum(end - start for start, end, _ in heard) <= 31_000


def test_33_films_are_held_while_models_load_and_places_are_taken(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("held")
    (folder / "cache").mkdir(mode=0o700)
    hold = folder / "cache" / "hold"
    hold.touch()
    settings = {"SYNC_KEEPALIVE_AFTER_S": "0.3", "MAX_JOBS": "1", "MAX_QUEUED_JOBS": "1"}
    limits = {"RATE_LIMITS_ENABLED": "true", "RATE_LIMIT_PROCESS": "3/second"}
    slow = ServerProcess(folder, {**settings, **limits}, APP)
    events: list[str] = []

    def send(film: bytes) -> list[StrictCue]:
        found = cues(post(slow, "/asr", film, **ASR))
        events.append("answer")
        return found

    try:
        slow.wait_listening()
        with ThreadPoolExecutor(5) as pool:
            films = [pcm((0.3 + n / 100, 3), (0, 1)) for n in range(5)]
            answers = [pool.submit(send, film) for film in films]
            status = requests.get(f"{slow.url}/status", timeout=5)  # test 36: under load, no key
            assert status.json()["version"]
            # All of them are here, and there is a place for two.
            wait_until(lambda: len(list(folder.rglob("*.wav"))) >= len(films))
            events.append("models")
            hold.unlink()
            assert [len(answer.result()) for answer in answers] == [1] * len(films)
        assert events == ["models", *["answer"] * len(films)]
        assert not decoded_twice(decoded(folder / "cache"), len(films))
    finally:
        slow.stop()


def test_34_an_error_is_no_subtitle(server: ServerProcess) -> None:
    answer = post(server, "/asr", pcm((0.95, 3)), **{**ASR, "output": "vtt"})
    assert answer.status_code == 500
    assert is_no_subtitle(answer.text)
    late = post(server, "/asr", pcm((0.95, 3)), **ASR)
    assert is_no_subtitle(late.text)
    assert "Error" in late.text
    heard = post(server, "/detect-language", pcm((0.95, 3)), encode="false")
    assert heard.status_code == 500
    assert heard.text.startswith("Error (engine_failed)")  # no JSON, whose keys Bazarr would read
    for query, status in (({"task": "x"}, 400), ({"language": "klingonese"}, 400)):
        bad = post(server, "/asr", pcm((0.3, 1)), **{**ASR, **query})
        assert bad.status_code == status
        assert is_no_subtitle(bad.text)
        assert bad.headers["content-type"].startswith("text/plain")


def test_35_equal_films_at_once_are_one_job(server: ServerProcess) -> None:
    before = len(windows(server))
    data = pcm(*[(0.33, 3), (0, 1)] * 40)
    arrived = threading.Barrier(3)

    def body() -> Iterator[bytes]:
        yield HEAD + data[: len(data) // 2]
        arrived.wait(60)  # none is whole before all have begun
        yield data[len(data) // 2 :] + TAIL

    def send(_: int) -> requests.Response:
        return requests.post(
            f"{server.url}/asr", params=ASR, data=body(), headers=FORM, timeout=TIMEOUT
        )

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(send, range(3)))
    assert {len(cues(answer)) for answer in answers} == {40}
    assert len({answer.text.strip() for answer in answers}) == 1
    heard = windows(server)[before:]
    # Each part once, and all of it: 40 stretches of 3 s.
    assert not decoded_twice(heard, 1)
    assert sum(end - start for start, end, _ in heard) >= 120_000


def test_35_films_that_begin_alike_are_told_apart(server: ServerProcess) -> None:
    same = pcm(*[(0.34, 3), (0, 1)] * 10)
    films = [same + pcm((0.34, 1), (0, 3)), same + pcm((0, 3), (0.34, 1))]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda film: post(server, "/asr", film, **ASR), films))
    last = [cues(answer)[-1].start_ms for answer in answers]
    assert last[0] < last[1]


def test_36_the_status_wants_no_key_and_others_take_one_in_the_path(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    closed = ServerProcess(tmp_path_factory.mktemp("keys"), {"API_KEYS": KEY}, APP)
    try:
        closed.wait_ready()
        assert requests.get(f"{closed.url}/status", timeout=5).json()["version"]
        film = pcm((0.3, 2))
        assert post(closed, "/asr", film, **ASR).status_code == 401
        assert post(closed, "/k/wrong/asr", film, **ASR).status_code == 401
        found = cues(post(closed, f"/k/{quote(KEY, safe='')}/asr", film, **ASR))
        assert len(found) == 1
        assert "a key" not in closed.log
        assert quote(KEY, safe="") not in closed.log
    finally:
        closed.stop()


def test_37_the_name_of_the_film_is_logged_escaped(server: ServerProcess) -> None:
    name = "/tv/Ärger 1/../../etc/passwd\n\x1b[31m"
    answer = post(server, "/asr", pcm((0.35, 1)), **{**ASR, "video_file": name})
    assert answer.status_code == 200
    assert "\\xc4rger 1/../../etc/passwd" in server.log
    assert "\x1b[31m" not in server.log


def test_47_json_is_what_whisper_shortcut_reads(server: ServerProcess) -> None:
    wav = Path(server.folder / "x.wav")
    with wave.open(str(wav), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(pcm((0.3, 2)))
    with wav.open("rb") as sent:
        answer = requests.post(
            f"{server.url}/asr?output=json", files={"audio_file": sent}, timeout=TIMEOUT
        )
    assert answer.json()["text"].startswith("Hello")


def test_translation_is_the_transcribers_where_it_can(server: ServerProcess) -> None:
    before = len(windows(server))
    query = {**ASR, "task": "translate", "language": "es"}
    assert post(server, "/asr", pcm((0.36, 2)), **query).status_code == 200
    assert {task for _, _, task in windows(server)[before:]} == {"translate"}


def test_a_client_that_leaves_frees_its_place(server: ServerProcess) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        head = (
            "POST /asr?encode=false&output=srt HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n"
        )
        part = '--x\r\nContent-Disposition: form-data; name="audio_file"; filename="a"\r\n\r\n'
        raw.sendall(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n{part}".encode())
        raw.sendall(np.zeros(200_000, "<i2").tobytes())
    assert len(cues(post(server, "/asr", pcm((0.37, 2)), **ASR))) == 1


def test_a_file_that_is_said_to_be_bare_samples_is_read_as_a_file(
    server: ServerProcess, tmp_path: Path
) -> None:
    wav, film = tmp_path / "sound.wav", tmp_path / "film.mkv"
    with wave.open(str(wav), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(pcm((0, 2), (0.38, 2)))
    command = ["ffmpeg", "-v", "error", "-i", str(wav), "-c:a", "flac", str(film)]
    subprocess.run(command, check=True)
    [cue] = cues(post(server, "/asr", film.read_bytes(), **ASR))
    assert abs(cue.start_ms - 2000) <= 300


def test_a_language_is_looked_for_behind_an_offset(server: ServerProcess) -> None:
    before = len(windows(server))
    data = pcm((0.39, 30), (0, 30))
    query = {"encode": "false", "detect_lang_offset": "20", "detect_lang_length": "5"}
    assert post(server, "/detect-language", data, **query).json()["language_code"] == "en"
    assert 0 < sum(end - start for start, end, _ in windows(server)[before:]) <= 5_500
    late = {**query, "detect_lang_offset": "31"}
    assert post(server, "/detect-language", data, **late).json() == {}
