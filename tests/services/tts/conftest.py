"""What the tests of speech share."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.conftest import Speech
from tests.services.tts.speech_site import SpeechSite, speech_site


@pytest.fixture(scope="session")
def spoken_mp3(speech: Speech) -> bytes:
    """A sentence as MP3."""
    path = speech.wav("The water came up very fast last night.")
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "mp3", "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


@pytest.fixture
def site(spoken_mp3: bytes) -> Iterator[SpeechSite]:
    """A server that speaks OpenAI's speech protocol."""
    with speech_site(spoken_mp3) as running:
        yield running
