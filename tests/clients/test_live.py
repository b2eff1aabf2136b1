"""Live captions, with the client library of the browser extension; numbers are its contract's."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import StartServer, read_samples
from tests.server import ServerProcess

HERE = Path(__file__).parent
BAD_TYPE = "audio must be binary"
ODD = "audio must hold whole 16-bit samples"
TOO_LONG = "audio is too long for one message"
NO_STREAM = "No stream is open"
KLINGONESE = "Invalid target language 'klingonese': write its code, such as es, pt-BR or zh-TW"
NOT_OPEN = f"{NO_STREAM}; send start_stream first"
CHUNK = ["audio_chunk", {"audio": {"bytes": 8192}}]


@pytest.fixture(scope="module")
def pcm(dialogue: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dialogue as a microphone gives it, and quiet after it."""
    samples = np.concatenate([read_samples(dialogue), np.zeros(40_000, np.float32)])
    path = tmp_path_factory.mktemp("live") / "dialogue.pcm"
    path.write_bytes((samples * 32767).astype("<i2").tobytes())
    return path


def begin(server: ServerProcess, base: str = "", **options: Any) -> "subprocess.Popen[str]":
    command = ["node", str(HERE / "live.mjs"), base or server.url, json.dumps(options)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def end(client: "subprocess.Popen[str]") -> dict[str, Any]:
    output, _ = client.communicate(timeout=180)
    told: dict[str, Any] = json.loads(output)
    return told


def live(server: ServerProcess, base: str = "", **options: Any) -> dict[str, Any]:
    return end(begin(server, base, **options))


def wait_for_streams(server: ServerProcess, count: int) -> None:
    deadline = time.monotonic() + 20
    with server.client() as client:
        while client.get("/health").json()["live"] != count:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_35_lines_come_as_they_are_spoken_then_translated(server: ServerProcess, pcm: Path) -> None:
    base = f"{server.url}/"
    told = live(server, base, target="es", pcm=str(pcm), speed=3, until={"finals": 5})
    heard = told["heard"]
    assert {result["status"] for result in heard} == {"transcribing", "final"}
    finals = [result for result in heard if result["status"] == "final"]
    assert "water" in " ".join(result["text"] for result in finals)
    assert "agua" in " ".join(result["translatedText"] for result in finals)
    for place, result in enumerate(heard):
        assert result["language"].startswith("en")
        if result["status"] == "transcribing":
            assert result["translatedText"] is None
            continue
        assert result["translatedText"]
        assert heard[place - 1] == {**result, "status": "transcribing", "translatedText": None}
    texts = [result["text"] for result in finals]
    assert len(set(texts)) == len(texts), "a finished line is not sent again"
    wait_for_streams(server, 0)


def test_a_line_in_the_target_language_is_final_at_once(server: ServerProcess, pcm: Path) -> None:
    told = live(server, target="en-GB", pcm=str(pcm), speed=3, raw=True, until={"finals": 1})
    last = told["heard"][-1]
    assert last["text"] == last["translatedText"]
    assert all(result["text"] != last["text"] for result in told["heard"][:-1])


@pytest.mark.parametrize(
    ("events", "errors"),
    [
        ([["audio_chunk", {"audio": {"bytes": 8192}}]], [NOT_OPEN]),
        ([["audio_chunk", {"audio": "text"}], ["audio_chunk", None]], [BAD_TYPE, BAD_TYPE]),
        ([["audio_chunk", {"bytes": 8191}]], [ODD]),
        ([["audio_chunk", {"bytes": 300_000}]], [TOO_LONG]),
        (
            [["start_stream", {"target_lang": "klingonese"}]],
            [KLINGONESE],
        ),
        ([["start_stream", {"target_lang": ["es"]}]], ["Invalid target language"]),
        (
            [["start_stream", {"target_lang": "klingonese"}], CHUNK, CHUNK],
            [KLINGONESE, *[f"{NO_STREAM}: {KLINGONESE}"] * 2],
        ),
        ([["unheard_of", 1], ["stop_stream", 1], ["start_stream", 5], ["audio_chunk"]], [BAD_TYPE]),
    ],
)
def test_what_cannot_be_is_told_and_breaks_nothing(
    server: ServerProcess, events: list[Any], errors: list[str]
) -> None:
    told = live(server, first=events, until={"results": len(errors)})
    assert [result["error"] for result in told["heard"]] == errors
    assert {result["status"] for result in told["heard"]} == {"error"}
    assert told["connects"] == 1


def test_a_language_that_nobody_translates_into_is_told(server: ServerProcess) -> None:
    told = live(server, target="ja", until={"results": 1})
    assert told["heard"][0]["status"] == "error"
    assert "Spanish" in told["heard"][0]["error"], "says what it can"


def test_beginning_anew_keeps_one_stream_and_leaving_frees_it(server: ServerProcess) -> None:
    client = begin(server, target="es", again=3)
    wait_for_streams(server, 1)
    time.sleep(0.3)
    wait_for_streams(server, 1)
    client.kill()
    client.wait()
    wait_for_streams(server, 0)


@pytest.fixture(scope="module")
def guarded(start_server: StartServer) -> ServerProcess:
    return start_server(
        API_KEYS="secret",
        LIVE_OPEN="false",
        LIVE_MAX_SESSIONS="1",
        LIVE_IDLE_S="2",
        LIVE_PARTIAL_MS="0",
        CORS_ORIGINS="https://example.com",
    )


def test_19_a_server_may_want_its_key(guarded: ServerProcess) -> None:
    until = {"results": 1}
    assert live(guarded, target="xx", until=until)["refused"] == "A valid API key is required"
    wrong = live(guarded, target="xx", until=until, auth={"token": "wrong"})
    assert wrong["refused"] == "A valid API key is required"
    for way in (
        {"auth": {"token": "secret"}},
        {"headers": {"X-API-Key": "secret"}},
        {"headers": {"Authorization": "Bearer secret"}},
    ):
        assert live(guarded, target="xx", until=until, **way)["heard"]


def test_pages_of_other_origins_may_not_connect_and_extensions_may(guarded: ServerProcess) -> None:
    key = {"auth": {"token": "secret"}, "target": "xx", "until": {"results": 1}}
    assert live(guarded, origin="https://evil.example", **key)["refused"]
    assert live(guarded, origin="https://example.com", **key)["heard"]
    assert live(guarded, origin="moz-extension://some-id", **key)["heard"]


def test_there_are_so_many_places_and_silence_gives_one_back(guarded: ServerProcess) -> None:
    key = {"auth": {"token": "secret"}, "target": "es", "until": {"results": 1}}
    first = begin(guarded, **key)
    wait_for_streams(guarded, 1)
    second = live(guarded, **key | {"then": [CHUNK], "until": {"results": 2}})
    full = "All 1 live places are taken"
    assert [result["error"] for result in second["heard"]] == [full, f"{NO_STREAM}: {full}"]
    assert end(first)["heard"][0]["error"] == "No sound came any more"
    wait_for_streams(guarded, 0)


def test_chunks_after_the_end_are_told_why_it_ended_and_a_new_start_begins_anew(
    guarded: ServerProcess,
) -> None:
    """A client shows what came last, so each chunk's answer has to say why."""
    again = ["start_stream", {"target_lang": "es"}]
    told = live(
        guarded,
        auth={"token": "secret"},
        target="es",
        then=[CHUNK, CHUNK, again, ["audio_chunk", {"bytes": 8191}]],
        until={"results": 4},
    )
    silent = "No sound came any more"
    assert [result["error"] for result in told["heard"]] == [
        silent,
        *[f"{NO_STREAM}: {silent}"] * 2,
        ODD,
    ]
    wait_for_streams(guarded, 0)


def test_35_a_line_that_the_engine_could_not_hear_is_told_and_the_next_one_is_heard(
    tmp_path: Path, pcm: Path
) -> None:
    app = "tests.clients.failing_engine:application()"
    server = ServerProcess(tmp_path, {"LIVE_PARTIAL_MS": "0", "ASR_SELF_TEST": "false"}, app)
    try:
        server.wait_ready()
        heard = live(server, target="es", pcm=str(pcm), speed=3, until={"finals": 1})["heard"]
    finally:
        server.stop()
    assert [result["status"] for result in heard] == ["error", "transcribing", "final"]
    assert heard[0]["error"] == "The device was lost"
    assert heard[-1]["translatedText"]


def test_a_server_that_leaves_says_so_and_the_client_comes_back(guarded: ServerProcess) -> None:
    key = {"auth": {"token": "secret"}, "target": "es"}
    client = begin(guarded, **key, until={"disconnected": True})
    wait_for_streams(guarded, 1)
    assert guarded.stop() == 0
    told = end(client)
    assert told["heard"][-1]["error"] == "The server is shutting down"
    assert told["disconnected"] == "transport close", "a client reconnects by itself after this"
