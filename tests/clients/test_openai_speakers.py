"""Speakers of OpenAI's transcription route; numbers are those of the clients' contract."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.openai_calls import (
    create,
    post,
    reference,
)
from tests.routers.test_parakeet_contract import LOUD, QUIET
from tests.server import ServerProcess


def test_4_speakers_are_letters_or_known_names(openai_worker: ServerProcess) -> None:
    plain = create(openai_worker, response_format="diarized_json")
    assert [each.speaker for each in plain.segments] == ["A", "B", "A"]
    assert {type(each.id) for each in plain.segments} == {str}
    assert {each.type for each in plain.segments} == {"transcript.text.segment"}
    known = create(
        openai_worker,
        response_format="diarized_json",
        extra_body={
            "known_speaker_names": ["Loud", "Quiet"],
            "known_speaker_references": [reference(LOUD), reference(QUIET)],
        },
    )
    assert [each.speaker for each in known.segments] == ["Quiet", "Loud", "Quiet"]
    assert [each.text for each in known.segments] == [each.text for each in plain.segments]
    one = create(
        openai_worker,
        response_format="diarized_json",
        extra_body={
            "known_speaker_names": ["Loud"],
            "known_speaker_references": [reference(LOUD)],
        },
    )
    assert [each.speaker for each in one.segments] == ["A", "Loud", "A"]


@pytest.mark.parametrize(
    "fields",
    [
        {"known_speaker_names[]": ["a"]},
        {"known_speaker_names[]": ["a"], "known_speaker_references[]": ["https://host/a.wav"]},
        {
            "known_speaker_names[]": ["a"],
            "known_speaker_references[]": ["data:audio/wav;base64,AAAA"],
        },
    ],
)
def test_4_a_wrong_reference_is_named(openai_worker: ServerProcess, fields: dict[str, Any]) -> None:
    answer = post(openai_worker, response_format="diarized_json", **fields)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "known_speaker_references"
