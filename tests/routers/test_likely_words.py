"""Names that a caller knows: they are written as he writes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.api_requests import stream_file
from tests.conftest import Speech
from tests.server import ServerProcess

NAME = "Gaby Kowalsky"


@pytest.fixture(scope="module")
def call(speech: Speech) -> Path:
    """A sentence with a name that can be spelled in several ways."""
    return speech.wav(f"I will call {NAME} before the sun goes down.")


def written(server: ServerProcess, call: Path, **fields: str) -> str:
    frames = stream_file(server, call, **fields)
    assert frames.result is not None
    return " ".join(cue["text"] for cue in frames.result["subtitles"])


def test_terms_of_the_glossary_and_words_of_the_prompt_are_written_as_given(
    server: ServerProcess, call: Path
) -> None:
    assert NAME not in written(server, call), "this model finds the spelling by itself"
    assert NAME in written(server, call, glossary=json.dumps({NAME: NAME}))
    assert NAME in written(server, call, prompt=f"A talk with {NAME}")
