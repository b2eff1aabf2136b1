"""Streams of OpenAI's transcription route; numbers are those of the clients' contract."""

from __future__ import annotations

import json
from pathlib import Path

import openai
import pytest

from tests.audio_engines import speech_like
from tests.clients.openai_calls import (
    TEXT,
    create,
    late_failure,
    node,
    post,
)
from tests.routers.test_parakeet_contract import LOUD, QUIET, wav
from tests.server import ServerProcess


def test_9_deltas_join_to_the_text(openai_worker: ServerProcess, tmp_path: Path) -> None:
    fresh = wav(speech_like((0, 0.7), (QUIET, 1.5), (0, 1.0), (LOUD, 1.5), (0, 1.0)))
    events = list(create(openai_worker, fresh, stream=True))
    deltas = [each.delta for each in events if each.type == "transcript.text.delta"]
    assert "".join(deltas) == events[-1].text == create(openai_worker, fresh).text
    assert len(deltas) == 2
    [line] = node(openai_worker, tmp_path, "events", data=fresh)
    said = [each["delta"] for each in line["value"] if each["type"].endswith("delta")]
    assert "".join(said) == events[-1].text


def test_10_segments_of_speakers_come_ahead_of_the_end(openai_worker: ServerProcess) -> None:
    events = list(create(openai_worker, stream=True, response_format="diarized_json"))
    segments = [each for each in events if each.type == "transcript.text.segment"]
    starts = [each.start for each in segments]
    assert starts == sorted(starts)
    assert [each.speaker for each in segments] == ["A", "B", "A"]
    assert events[-1].type == "transcript.text.done"


def test_11_a_failure_in_the_stream_is_an_error_in_both_sdks(
    openai_worker: ServerProcess, tmp_path: Path
) -> None:
    with pytest.raises(openai.APIError) as caught:
        list(create(openai_worker, late_failure(), stream=True))
    assert caught.value.code
    [line] = node(openai_worker, tmp_path, "events", data=late_failure())
    assert line["code"] == caught.value.code


def test_vllm_s_chunks(openai_worker: ServerProcess) -> None:
    text = post(openai_worker, stream="true", stream_include_usage="true").text
    lines = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(line) for line in lines[:-1]]
    assert {each["object"] for each in chunks} == {"transcription.chunk"}
    said = [choice["delta"]["content"] for each in chunks for choice in each["choices"]]
    assert "".join(said) == TEXT
    assert chunks[-1]["usage"]["seconds"] == 8
