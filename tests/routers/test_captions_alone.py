"""A server that transcribes nothing still serves captions."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from opencc import OpenCC

from scripts.encoding_corpus import file_of, lines_of
from tests.conftest import StartServer
from tests.server import ServerProcess, read_stream

SRT = """1
00:00:01,000 --> 00:00:03,000
The water came up very fast last night.

2
00:00:04,000 --> 00:00:06,000
Please tell the people near the bridge.
"""


@pytest.fixture(scope="module")
def deaf(start_server: StartServer) -> ServerProcess:
    return start_server(ENABLE_WHISPER="false")


def test_no_engine_is_loaded_and_health_says_so(deaf: ServerProcess) -> None:
    with deaf.client() as client:
        body = client.get("/health").json()
    assert body["status"] == "ok"
    assert body["features"]["whisper"] is False
    states = {engine["role"]: engine["state"] for engine in body["engines"]}
    assert states == {
        "decoder": "ready",
        "vad": "disabled",
        "transcriber": "disabled",
        "aligner": "disabled",
        "diarizer": "disabled",
        "translator": "ready",
    }


def test_media_is_refused_before_any_work(deaf: ServerProcess, dialogue: Path) -> None:
    with deaf.client() as client, dialogue.open("rb") as file:
        answer = client.post("/api/process", files={"file": file})
    assert answer.status_code == 403
    assert answer.json()["code"] == "transcription_disabled"


def test_captions_are_translated_and_keep_their_times(deaf: ServerProcess) -> None:
    body = {"captions": {"text": SRT, "language": "en"}, "target_lang": "es"}
    with (
        deaf.client() as client,
        client.stream("POST", "/api/stream", json=body) as response,
    ):
        frames = read_stream(response)
    assert frames.result is not None
    result = frames.result
    assert [(cue["start"], cue["end"]) for cue in result["subtitles"]] == [
        (1000, 3000),
        (4000, 6000),
    ]
    assert "agua" in result["subtitles"][0]["translatedText"].lower()
    assert result["source"] == "client_captions"
    assert result["translated"] is True
    assert [stage["stage"] for stage in frames.stages][:2] == ["checking", "downloading"]


TTML = """<tt xmlns="http://www.w3.org/ns/ttml" xml:lang="en"><body><div>
<p begin="1.5" end="3.0">The ferry leaves at nine.</p>
<p begin="soon">Nobody knows when.</p>
</div></body></tt>"""


def test_what_captions_lose_is_told(deaf: ServerProcess) -> None:
    with deaf.client() as client:
        result = client.post("/api/process", json={"captions": TTML}).json()
    assert [cue["start"] for cue in result["subtitles"]] == [1500]
    told = {notice["code"]: notice["message"] for notice in result["notices"]}
    assert "line 2, column 1" in told["caption_lines_repaired"]
    assert "line 3, column 1" in told["caption_lines_unusable"]


def test_what_is_watched_comes_first_of_captions_too(deaf: ServerProcess) -> None:
    many = "\n".join(
        f"{n + 1}\n00:0{n // 60}:{n % 60:02},000 --> 00:0{n // 60}:{n % 60:02},900\nLine {n}.\n"
        for n in range(0, 240, 3)
    )
    body = {"captions": many, "captions_lang": "en", "position_s": 120}
    with (
        deaf.client() as client,
        client.stream("POST", "/api/stream", json=body) as response,
    ):
        frames = read_stream(response)
    assert frames.cues[0]["start"] == 120_000
    assert frames.cues[-1]["start"] == 117_000
    assert frames.result is not None
    starts = [cue["start"] for cue in frames.result["subtitles"]]
    assert starts == sorted(starts)
    assert len(starts) == 80


def _upload(server: ServerProcess, data: bytes, **fields: str) -> dict[str, Any]:
    with server.client() as client:
        answer = client.post("/api/process", files={"file": ("captions.srt", data)}, data=fields)
    assert answer.status_code == 200, answer.text
    return cast("dict[str, Any]", answer.json())


@pytest.mark.parametrize("fields", [{"captions_lang": "hu"}, {"source_lang": "hu"}, {}])
def test_row_22_a_file_in_a_code_page_is_read_and_the_assumption_told(
    deaf: ServerProcess, fields: dict[str, str]
) -> None:
    lines = lines_of("hu", 8, "cp1250")
    result = _upload(deaf, file_of(lines, "cp1250"), **fields)
    assert [cue["text"].replace("\n", " ") for cue in result["subtitles"]] == lines
    [notice] = result["notices"]
    assert notice["code"] == "encoding_assumed"
    assert "cp1250" in notice["message"]


def test_a_form_field_in_a_code_page_is_read_by_the_language_beside_it(
    deaf: ServerProcess,
) -> None:
    lines = lines_of("lv", 8, "cp1257")
    data = file_of(lines, "cp1257")
    with deaf.client() as client:
        answer = client.post(
            "/api/process",
            files={"captions": ("lv.srt", data), "captions_lang": (None, "lv")},
        )
    result = answer.json()
    assert [cue["text"].replace("\n", " ") for cue in result["subtitles"]] == lines
    assert [notice["code"] for notice in result["notices"]] == ["encoding_assumed"]


def test_row_28_another_script_is_converted_and_said_to_be(deaf: ServerProcess) -> None:
    lines = lines_of("zh-CN", 6, "gbk")
    data = file_of(lines, "utf-8")
    result = _upload(deaf, data, captions_lang="zh", target_lang="zh-TW")
    shown = [cue["translatedText"] for cue in result["subtitles"]]
    assert shown == OpenCC("s2twp").convert("\n".join(lines)).split("\n")
    assert [notice["code"] for notice in result["notices"]] == ["script_converted", "cues_too_fast"]
    assert result["translators"] == ["OpenCC (s2twp)"]
    assert result["translated"] is True
