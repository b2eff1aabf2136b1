"""Tracks, sound and pictures of media files at `/api/media`, on real files by a real server."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.media_server import MediaServer
from tests.server import DEAF, ServerProcess

ENGLISH = "1\n00:00:00,500 --> 00:00:01,500\nThe river rose.\n"
GERMAN = "1\n00:00:00,500 --> 00:00:01,500\nDer Fluss stieg.\n"


@pytest.fixture(scope="module")
def server(start_server: StartServer) -> ServerProcess:
    return start_server(**DEAF, ALLOW_PRIVATE_URLS="true")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3 s of picture and quiet sound, with an English text track."""
    folder = tmp_path_factory.mktemp("video")
    (folder / "en.srt").write_text(ENGLISH)
    inputs = ["-f", "lavfi", "-i", "testsrc=size=160x90:rate=10:duration=3"]
    inputs += ["-f", "lavfi", "-i", "sine=500:duration=3:sample_rate=48000", "-i"]
    inputs += [str(folder / "en.srt")]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    tags = ["-af", "volume=-20dB", "-metadata:s:s:0", "language=eng", "-disposition:s:0", "default"]
    maps = ["-map", "0", "-map", "1", "-map", "2"]
    path = folder / "film.mkv"
    command = ["ffmpeg", "-v", "error", *inputs, *maps, *codecs, *tags, str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def made(
    server: ServerProcess, operation: str, path: Path | None, status: int = 200, **fields: Any
) -> dict[str, Any]:
    """Upload a file for an operation; return the answer."""
    data = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in fields.items()
    }
    with server.client() as client:
        if path is None:
            answer = client.post(f"/api/media/{operation}", json=fields)
        else:
            with path.open("rb") as file:
                files = {"file": (path.name, file)}
                answer = client.post(f"/api/media/{operation}", files=files, data=data)
    assert answer.status_code == status, answer.text
    payload: dict[str, Any] = answer.json()
    return payload


def fetched(server: ServerProcess, url: str, path: Path) -> Path:
    with server.client() as client:
        answer = client.get(url)
    assert answer.status_code == 200, answer.text
    path.write_bytes(answer.content)
    return path


def streams(path: Path) -> list[dict[str, Any]]:
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(path)]
    output = subprocess.run(command, check=True, capture_output=True).stdout
    found: list[dict[str, Any]] = json.loads(output)["streams"]
    return found


def packets(path: Path, stream: str) -> list[str]:
    """Return the checksums of a stream's packets."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", f"0:{stream}", "-c", "copy"]
    output = subprocess.run([*command, "-f", "framemd5", "-"], check=True, capture_output=True)
    rows = [line for line in output.stdout.decode().splitlines() if not line.startswith("#")]
    return [line.rpartition(",")[2] for line in rows]


@pytest.mark.parametrize(("container", "code"), [("mp4", "deu"), ("mkv", "ger")])
def test_subtitles_become_tracks_beside_those_that_are_there(
    server: ServerProcess, video: Path, tmp_path: Path, container: str, code: str
) -> None:
    tracks = [
        {"subtitles": GERMAN, "language": "de", "default": True, "title": "Deutsch"},
        {"subtitles": ENGLISH, "language": "en", "forced": True},
        {"subtitles": ENGLISH, "language": "en", "hearing_impaired": True},
    ]
    answer = made(server, "mux", video, tracks=tracks, container=container)
    assert answer["filename"].endswith(f"_muxed.{container}")
    path = fetched(server, answer["video_url"], tmp_path / f"out.{container}")
    texts = [each for each in streams(path) if each["codec_type"] == "subtitle"]
    assert [each["tags"]["language"] for each in texts] == ["eng", code, "eng", "eng"]
    marks = ("default", "forced", "hearing_impaired")
    assert [[each["disposition"][mark] for mark in marks] for each in texts] == [
        [0, 0, 0],
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
    ]
    assert packets(path, "v:0") == packets(video, "v:0"), "the picture is copied"
    assert [each["index"] for each in answer["tracks"]] == [1, 2, 3]
    listed = made(server, "tracks", path)
    assert [each["role"] for each in listed["subtitles"]] == [
        *("full", "full", "forced", "hearing_impaired"),
    ]
    assert listed["subtitles"][1]["language"] == "de"
    got = made(server, "extract_track", path, language="de", format="srt")
    text = fetched(server, got["track_url"], tmp_path / "de.srt").read_text()
    assert "00:00:00,500 --> 00:00:01,500" in text
    assert "Der Fluss stieg." in text


def test_a_jobs_translation_is_written_back_as_a_track(
    server: ServerProcess, video: Path, tmp_path: Path
) -> None:
    with server.client() as client:
        job = client.post("/api/process", json={"captions": GERMAN, "source_lang": "de"}).json()
    answer = made(server, "mux", video, job_id=job["job_id"])
    path = fetched(server, answer["video_url"], tmp_path / "out.mkv")
    texts = [each for each in streams(path) if each["codec_type"] == "subtitle"]
    assert [each["tags"]["language"] for each in texts] == ["eng", "ger"]


def test_a_film_is_translated_by_its_text_and_the_translation_becomes_a_track(
    server: ServerProcess, video: Path, tmp_path: Path
) -> None:
    """This server loads no engine that hears: the translation is that of the text track."""
    with server.client() as client, video.open("rb") as file:
        files = {"file": (video.name, file)}
        result = client.post("/api/process", files=files, data={"target_lang": "es"}).json()
    assert "subtitle_track_used" in [each["code"] for each in result["notices"]]
    [cue] = result["subtitles"]
    translation = cue["translatedText"]
    assert cue["text"] == "The river rose."
    assert "río" in translation
    answer = made(server, "mux", video, job_id=result["job_id"], default="true")
    [track] = answer["tracks"]
    path = fetched(server, answer["video_url"], tmp_path / "out.mkv")
    texts = [each for each in streams(path) if each["codec_type"] == "subtitle"]
    assert [each["tags"]["language"] for each in texts] == ["eng", "spa"]
    assert [each["disposition"]["default"] for each in texts] == [0, 1]
    assert packets(path, "s:0") == packets(video, "s:0")
    written = made(server, "extract_track", path, track=str(track["index"]), format="srt")
    text = fetched(server, written["track_url"], tmp_path / "es.srt").read_text()
    assert translation.split() == text.split("\n", 2)[2].split()
    own = made(server, "extract_track", path, track="0", format="srt")
    english = fetched(server, own["track_url"], tmp_path / "en.srt").read_text()
    assert text.split("\n")[1] == english.split("\n")[1], "both are shown at a time"


def test_tracks_that_are_not_there(server: ServerProcess, video: Path) -> None:
    answer = made(server, "extract_track", video, 400, track="4")
    assert answer["code"] == "invalid_field"
    assert "0 (en)" in answer["error"]
    assert made(server, "extract_track", video, 400, language="fr")["code"] == "invalid_field"
    lacks = made(server, "mux", video, 400)
    assert lacks["error"].startswith("Missing required fields: url_video, tracks")


def test_sound_is_copied_where_it_fits_and_encoded_elsewhere(
    server: ServerProcess, video: Path, tmp_path: Path
) -> None:
    copied = made(server, "extract_audio", video, format="m4a")
    assert copied["copied"] is True
    path = fetched(server, copied["audio_url"], tmp_path / "a.m4a")
    assert packets(path, "a:0") == packets(video, "a:0")
    for kind, codec in (("mp3", "mp3"), ("flac", "flac"), ("opus", "opus"), ("wav", "pcm_s16le")):
        answer = made(server, "extract_audio", video, format=kind)
        assert answer["copied"] is False
        found = streams(fetched(server, answer["audio_url"], tmp_path / f"a.{kind}"))
        assert [each["codec_name"] for each in found] == [codec]


def integrated(path: Path) -> float:
    """Return the loudness of a file by the other filter that measures it, in LUFS."""
    command = ["ffmpeg", "-hide_banner", "-nostats", "-i", str(path), "-map", "0:a:0"]
    said = subprocess.run(
        [*command, "-af", "ebur128", "-f", "null", "-"], check=True, capture_output=True
    ).stderr.decode()
    return float(said.rpartition("Integrated loudness:")[2].split("I:")[1].split()[0])


def test_loudness_is_brought_to_its_target(
    server: ServerProcess, video: Path, tmp_path: Path
) -> None:
    answer = made(server, "loudness", video, loudness="-23")
    path = fetched(server, answer["video_url"], tmp_path / "l.mp4")
    assert integrated(path) == pytest.approx(-23, abs=0.7)
    assert answer["loudness"]["measured_lufs"] == pytest.approx(integrated(video), abs=0.5)
    assert packets(path, "v:0") == packets(video, "v:0")
    sound = made(server, "extract_audio", video, format="wav", loudness="-18")
    path = fetched(server, sound["audio_url"], tmp_path / "l.wav")
    assert integrated(path) == pytest.approx(-18, abs=0.7)


def test_silence_stays_silent(server: ServerProcess, tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anullsrc=d=2", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    answer = made(server, "loudness", path, format="flac")
    assert answer["loudness"] == {"measured_lufs": None, "target_lufs": -16.0, "normalized": False}


def test_a6_case_16_screenshots_come_in_order_and_one_fails_alone(
    server: ServerProcess, video: Path, site: MediaServer, tmp_path: Path
) -> None:
    timestamps = [0, {"screenshot_timestamp": 0, "segment_id": 1}, "00:00:01,500", "bad", 99]
    answer = made(server, "screenshots", None, video_url=site.add(video), timestamps=timestamps)
    shots = answer["screenshots"]
    assert [each["filename"] for each in shots] == ["0.jpg", "0.jpg", "1500.jpg"]
    assert [each["timestamp_formatted"] for each in shots] == [
        *("00:00:00,000", "00:00:00,000", "00:00:01,500"),
    ]
    assert shots[1]["segment_id"] == 1
    assert (shots[0]["width"], shots[0]["height"]) == (160, 90)
    assert answer["total_extracted"] == 3
    assert [each.partition(":")[0] for each in answer["failed_timestamps"]] == ["'bad'", "99"]
    found = streams(fetched(server, shots[2]["screenshot_url"], tmp_path / "s.jpg"))
    assert found[0]["codec_name"] == "mjpeg"


def test_the_quality_of_screenshots_counts_in_forms_too(
    server: ServerProcess, video: Path, tmp_path: Path
) -> None:
    sizes = []
    for quality in ("1", "31"):
        answer = made(server, "screenshots", video, timestamps="[1]", quality=quality)
        path = fetched(server, answer["screenshots"][0]["screenshot_url"], tmp_path / quality)
        sizes.append(path.stat().st_size)
    assert sizes[0] > 2 * sizes[1], sizes
    for wrong in ("0", "32", "good"):
        refused = made(server, "screenshots", video, 400, timestamps="[1]", quality=wrong)
        assert refused["code"] == "invalid_field"
        assert refused["error"].startswith("quality: ")


def test_a6_case_15_too_many_timestamps(server: ServerProcess, video: Path) -> None:
    answer = made(server, "screenshots", video, 400, timestamps=[0] * 101)
    assert answer["error"] == "Too many timestamps (101). Maximum 100 allowed."


def test_a_contact_sheet_shows_all_of_a_video(
    server: ServerProcess, video: Path, tmp_path: Path
) -> None:
    answer = made(server, "contact_sheet", video, columns="3", rows="2", width="80")
    assert answer["timestamps"] == pytest.approx([0.25, 0.75, 1.25, 1.75, 2.25, 2.75], abs=0.03)
    assert (answer["width"], answer["height"]) == (240, 88)
    found = streams(fetched(server, answer["sheet_url"], tmp_path / "sheet.jpg"))
    assert (found[0]["width"], found[0]["height"]) == (240, 88)


def test_a9_case_14_a_video_that_is_not_cached(server: ServerProcess) -> None:
    answer = made(server, "check_video_cache", None, video_url="https://example.com/none.mp4")
    assert answer["cached"] is False
    for name in ("cache_path", "cache_age_seconds", "expires_in_seconds"):
        assert answer[name] is None


def test_a_film_with_subtitles_is_not_heard(server: ServerProcess, video: Path) -> None:
    """This server loads no engine: whatever it answers, it did not hear."""
    with server.client() as client, video.open("rb") as file:
        files = {"file": (video.name, file)}
        answer = client.post("/api/process", files=files, data={"target_lang": "en"})
    result = answer.json()
    assert answer.status_code == 200, answer.text
    assert [cue["text"] for cue in result["subtitles"]] == ["The river rose."]
    assert result["source"] == "youtube_direct"
    assert "subtitle_track_used" in [each["code"] for each in result["notices"]]
