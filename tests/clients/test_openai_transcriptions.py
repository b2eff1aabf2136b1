"""OpenAI's transcription route with its own SDKs; numbers are those of the clients' contract."""

from __future__ import annotations

import base64
import json
import math
from pathlib import Path

import numpy as np
import pysubs2

from tests.clients.openai_calls import (
    TEXT,
    converted,
    create,
    node,
    post,
    sdk,
)
from tests.routers.test_parakeet_contract import TALK, wav
from tests.server import ServerProcess


def test_1_json_is_the_default(openai_worker: ServerProcess) -> None:
    answer = create(openai_worker)
    assert answer.text == TEXT
    assert answer.usage.type == "duration"
    assert answer.usage.seconds == 8
    assert post(openai_worker).headers["content-type"] == "application/json"


def test_2_verbose_json_has_every_field_and_no_null(openai_worker: ServerProcess) -> None:
    both = create(
        openai_worker, response_format="verbose_json", timestamp_granularities=["word", "segment"]
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
    words = create(openai_worker, response_format="verbose_json", timestamp_granularities=["word"])
    assert "segments" not in words.to_dict()
    assert len(words.words) == 9


def test_3_files_come_verbatim_in_both_sdks(openai_worker: ServerProcess, tmp_path: Path) -> None:
    found = {kind: create(openai_worker, response_format=kind) for kind in ("srt", "vtt", "text")}
    assert all(isinstance(text, str) for text in found.values())
    for kind in ("srt", "vtt"):
        assert len(pysubs2.SSAFile.from_string(found[kind])) == 3
        answer = post(openai_worker, response_format=kind)
        media_type = "text/vtt" if kind == "vtt" else "text/plain"
        assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert found["text"].strip() == TEXT
    theirs = node(openai_worker, tmp_path, *found)
    assert [line["value"] for line in theirs] == list(found.values())


def test_5_bytes_say_what_they_are(openai_worker: ServerProcess, tmp_path: Path) -> None:
    with sdk(openai_worker) as client:
        raw = client.audio.transcriptions.create(file=TALK, model="whisper-1")
    mp3 = create(openai_worker, converted(tmp_path, "mp3"), "a.wav")
    m4a = create(openai_worker, converted(tmp_path, "m4a"), "a.m4a")
    for answer in (raw, mp3, m4a):
        assert answer.text.startswith("Hello number 0.")


def test_7_what_is_unknown_is_ignored(openai_worker: ServerProcess) -> None:
    extra = {"vad_filter": True, "nested": {"a": ["b"]}, "without_timestamps": False}
    answer = create(openai_worker, model="any/model", prompt="", extra_body=extra)
    assert answer.text == TEXT


def test_8_lists_with_and_without_brackets_are_equal(openai_worker: ServerProcess) -> None:
    wanted = {"response_format": "verbose_json"}
    bare = {"keywords": ["a", "b"], "timestamp_granularities": ["word", "segment"]}
    bracketed = {f"{name}[]": value for name, value in bare.items()}
    one = post(openai_worker, **wanted, **bare).json()
    other = post(openai_worker, **wanted, **bracketed).json()
    assert one == other
    assert {"words", "segments"} <= one.keys()


def test_21_json_with_sound_is_as_a_form(openai_worker: ServerProcess) -> None:
    sound = {"data": base64.b64encode(TALK).decode(), "format": "wav"}
    body = {"model": "m", "input_audio": sound, "language": None, "response_format": "verbose_json"}
    with openai_worker.client() as client:
        answer = client.post("/v1/audio/transcriptions", json=body)
        assert answer.json() == post(openai_worker, response_format="verbose_json").json()
        for wrong in ({}, {"input_audio": 5}, {"input_audio": {"data": "%%"}}, [1]):
            refused = client.post("/v1/audio/transcriptions", json=wrong)
            assert refused.status_code == 400, refused.text
            assert refused.json()["error"]["message"]


def test_log_probabilities_of_words(openai_worker: ServerProcess) -> None:
    answer = create(openai_worker, include=["logprobs"])
    assert "".join(each.token for each in answer.logprobs) == TEXT
    assert all(each.logprob < 0 for each in answer.logprobs)


def test_silence_is_an_empty_text(openai_worker: ServerProcess) -> None:
    silent = wav(np.zeros(32_000, np.float32))
    assert create(openai_worker, silent).text == ""
    assert create(openai_worker, silent, response_format="srt").strip() == ""
    events = list(create(openai_worker, silent, stream=True))
    assert [each.type for each in events] == ["transcript.text.done"]
    assert events[0].text == ""
