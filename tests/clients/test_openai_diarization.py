"""`/v1/audio/diarization` as clients of speaches ask it: who speaks when, and nothing else."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.audio_engines import speech_like
from tests.clients.openai_calls import APP, reference
from tests.routers.test_parakeet_contract import LOUD, QUIET, TALK, wav
from tests.server import ServerProcess

TURNS = [(0.5, 2.0), (3.0, 4.5), (5.5, 7.0)]
PATH = "/v1/audio/diarization"


def diarize(
    server: ServerProcess, data: bytes = TALK, name: str = "talk.wav", **fields: Any
) -> httpx.Response:
    with server.client() as client:
        files = {"file": (name, data)}
        return client.post(PATH, files=files, data={"model": "any", **fields})


def times(segments: list[dict[str, Any]]) -> list[tuple[float, float]]:
    return [(round(each["start"], 1), round(each["end"], 1)) for each in segments]


def test_turns_with_their_times(openai_worker: ServerProcess) -> None:
    answer = diarize(openai_worker)
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()
    assert found.keys() == {"duration", "num_speakers", "segments"}
    assert found["duration"] == pytest.approx(8.0, abs=0.01)
    assert found["num_speakers"] == 2
    assert times(found["segments"]) == TURNS
    speakers = [each["speaker"] for each in found["segments"]]
    assert speakers == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_00"]


def test_rttm_has_ten_fields_a_line(openai_worker: ServerProcess) -> None:
    answer = diarize(openai_worker, name="my talk.wav", response_format="rttm")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = [line.split(" ") for line in answer.text.splitlines()]
    assert {len(line) for line in lines} == {10}
    assert {(line[0], line[1], line[2]) for line in lines} == {("SPEAKER", "my_talk", "1")}
    starts_ends = [(float(line[3]), float(line[3]) + float(line[4])) for line in lines]
    assert [(round(a, 1), round(b, 1)) for a, b in starts_ends] == TURNS
    assert [line[7] for line in lines] == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_00"]


def test_known_voices_have_names_and_shift_no_time(openai_worker: ServerProcess) -> None:
    known = {
        "known_speaker_names[]": ["Ann Lee", "Bo"],
        "known_speaker_references[]": [reference(LOUD), reference(QUIET)],
    }
    found = diarize(openai_worker, **known).json()
    assert [each["speaker"] for each in found["segments"]] == ["Bo", "Ann Lee", "Bo"]
    assert times(found["segments"]) == TURNS
    assert found["duration"] == pytest.approx(8.0, abs=0.01)
    lines = diarize(openai_worker, response_format="rttm", **known).text.splitlines()
    assert lines[1].split()[7] == "Ann_Lee"


def test_nobody_speaks(openai_worker: ServerProcess) -> None:
    silence = wav(np.zeros(32_000, np.float32))
    assert diarize(openai_worker, silence).json() == {
        "duration": 2.0,
        "num_speakers": 0,
        "segments": [],
    }
    assert diarize(openai_worker, silence, response_format="rttm").text == ""


def test_json_with_sound_is_as_a_form(openai_worker: ServerProcess) -> None:
    sound = {"data": base64.b64encode(TALK).decode(), "format": "wav"}
    with openai_worker.client() as client:
        answer = client.post(PATH, json={"model": "any", "input_audio": sound})
    assert answer.json() == diarize(openai_worker).json()


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"response_format": "srt"}, "response_format"),
        ({"num_speakers": "many"}, "num_speakers"),
        ({"num_speakers": "1.5"}, "num_speakers"),
        ({"max_speakers": "0"}, "max_speakers"),
        ({"known_speaker_names[]": ["a"]}, "known_speaker_references"),
    ],
)
def test_what_is_wrong_is_named(
    openai_worker: ServerProcess, fields: dict[str, Any], param: str
) -> None:
    answer = diarize(openai_worker, b"no sound", **fields)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


def test_a_file_that_cannot_be_read_is_named_and_removed(openai_worker: ServerProcess) -> None:
    before = left_over(openai_worker.folder)
    for fields in (
        {},
        {"known_speaker_names[]": "a", "known_speaker_references[]": reference(LOUD)},
    ):
        answer = diarize(openai_worker, b"no sound at all", **fields)
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == "file"
    assert left_over(openai_worker.folder) <= before


def left_over(folder: Path) -> set[Path]:
    """Return files of uploads that nobody removed."""
    endings = {".upload", ".wav", ".head", ".reference"}
    return {path for path in folder.rglob("*") if path.suffix in endings and path.is_file()}


def test_where_nothing_tells_speakers_apart_it_says_so(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path, {"DIARIZATION_ENABLED": "false"}, APP)
    try:
        server.wait_ready()
        answer = diarize(server)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "option_unavailable"
    finally:
        server.stop()


def test_a_pause_of_speech_is_no_turn(openai_worker: ServerProcess) -> None:
    apart = wav(speech_like((QUIET, 1.0), (0, 3.0), (QUIET, 1.0)))
    found = diarize(openai_worker, apart).json()
    assert times(found["segments"]) == [(0.0, 1.0), (4.0, 5.0)]
    assert found["num_speakers"] == 1
