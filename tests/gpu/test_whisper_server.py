"""The real server with whisperx, on a small checkpoint that writes known sentences."""

from pathlib import Path

import pytest

from tests.api_requests import stream_file
from tests.conftest import StartServer

pytestmark = pytest.mark.gpu


def test_the_main_job_with_whisper(
    start_server: StartServer, scripted_whisper: Path, dialogue: Path
) -> None:
    server = start_server(
        ASR_ENGINE="whisperx",
        WHISPER_MODEL=str(scripted_whisper),
        ASR_DEVICE="cpu",
        WHISPER_LANGUAGE="en",
        ALIGNMENT_ENABLED="false",
    )
    frames = stream_file(server, dialogue, target_lang="es", formats="vtt")
    assert frames.result is not None
    cues = frames.result["subtitles"]
    assert cues
    assert cues == frames.cues
    assert all(cue["end"] > cue["start"] for cue in cues)
    assert all(cue["translatedText"] for cue in cues)
    assert frames.result["language"] == "en"
    assert frames.result["formats"]["vtt"].startswith("WEBVTT")
    with server.client() as client:
        engines = {e["role"]: e for e in client.get("/health").json()["engines"]}
    assert engines["transcriber"]["name"] == "whisperx"
    assert engines["transcriber"]["device"] == "cpu"
    assert "int8" in engines["transcriber"]["detail"]


def test_a_model_that_cannot_be_read_stops_the_server(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(
        ready=False,
        ASR_ENGINE="whisperx",
        WHISPER_MODEL=str(tmp_path / "missing"),
        ASR_DEVICE="cpu",
        LOAD_FAILURE_EXIT_S="2",
    )
    assert server.wait_exit(90) != 0
    assert "WHISPER_MODEL" in server.log
    assert str(tmp_path) not in server.log
