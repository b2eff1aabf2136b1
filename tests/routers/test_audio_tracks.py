"""Audio tracks through a real server: the one that fits, the one that is asked for, and errors."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.api_requests import post_file
from tests.conftest import Speech
from tests.server import ServerProcess

SPANISH = "Buenos dias a todos los que estan aqui esta tarde."
ENGLISH = "The harbour opens at seven in the morning and the first ferry leaves at nine."


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, speech: Speech) -> Path:
    """Two tracks: Spanish first and default, then English."""
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    inputs = ["-i", str(speech.wav(SPANISH, "kal16")), "-i", str(speech.wav(ENGLISH))]
    tags = ["-metadata:s:a:0", "language=spa", "-metadata:s:a:1", "language=eng"]
    maps = ["-map", "0", "-map", "1", "-disposition:a:0", "default", "-c:a", "flac"]
    subprocess.run(["ffmpeg", "-v", "error", *inputs, *maps, *tags, str(path)], check=True)
    return path


def text_of(result: dict[str, object]) -> str:
    subtitles = result["subtitles"]
    assert isinstance(subtitles, list)
    return " ".join(cue["text"] for cue in subtitles).lower()


def test_case_2_the_track_is_chosen_and_the_result_says_which(
    server: ServerProcess, film: Path
) -> None:
    by_language = post_file(server, film, source_lang="en").json()
    by_index = post_file(server, film, audio_track="1", source_lang="en").json()
    other = post_file(server, film, audio_track="es", source_lang="en").json()
    assert "harbour" in text_of(by_language) or "harbor" in text_of(by_language)
    assert by_language["audio_track"] == 1
    assert [(each["index"], each["language"]) for each in by_language["audio_tracks"]] == [
        (0, "es"),
        (1, "en"),
    ]
    assert by_index["audio_track"] == 1
    assert text_of(by_index) == text_of(by_language)
    assert other["audio_track"] == 0
    assert text_of(other) != text_of(by_language), "the cache knows the tracks apart"


def test_a_cached_transcript_names_its_track(server: ServerProcess, film: Path) -> None:
    first = post_file(server, film, source_lang="en", profile="bbc").json()
    again = post_file(server, film, source_lang="en", profile="shorts").json()
    assert again["cached"]["transcribe"] == 1.0
    assert again["audio_track"] == first["audio_track"] == 1
    assert again["audio_tracks"] == first["audio_tracks"]


@pytest.mark.parametrize("track", ["2", "fr"])
def test_a_track_that_is_not_there(server: ServerProcess, film: Path, track: str) -> None:
    answer = post_file(server, film, audio_track=track)
    assert answer.status_code == 400
    body = answer.json()
    assert body["code"] == "invalid_audio_track"
    assert "0 (es); 1 (en)" in body["error"]
    assert body["retryable"] is False


@pytest.mark.parametrize("track", ["-1", "1.5", "klingonese", "99999"])
def test_a_track_that_none_can_be(server: ServerProcess, film: Path, track: str) -> None:
    answer = post_file(server, film, audio_track=track)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_field")


def test_captions_have_no_track(server: ServerProcess) -> None:
    body = {"captions": "1\n00:00:01,000 --> 00:00:02,000\nHello.\n", "audio_track": 0}
    with server.client() as client:
        answer = client.post("/api/process", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_field")


def test_lost_sound_is_told_and_counts_as_untranscribed(
    server: ServerProcess, speech: Speech, tmp_path: Path
) -> None:
    path = tmp_path / "damaged.mp3"
    source = ["-stream_loop", "2", "-i", str(speech.wav(ENGLISH)), "-b:a", "64k"]
    subprocess.run(["ffmpeg", "-v", "error", *source, str(path)], check=True)
    data = bytearray(path.read_bytes())
    begin, end = len(data) * 4 // 10, len(data) // 2
    data[begin:end] = b"\x55" * (end - begin)
    path.write_bytes(data)
    result = post_file(server, path, source_lang="en").json()
    assert [notice["code"] for notice in result["notices"]] == ["media_damaged"]
    assert result["voiced_untranscribed_s"] > 1
    starts = [cue["start"] for cue in result["subtitles"]]
    assert starts[0] < 2000
    assert starts[-1] > result["duration_ms"] // 2, json.dumps(result["subtitles"])
