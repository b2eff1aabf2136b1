"""The main job end to end, through the real server, on real speech."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.api_requests import SSE, post_file, stream_file, stream_json
from tests.conftest import ROOT, read_samples, write_wav
from tests.librivox import recordings
from tests.media_server import MediaServer
from tests.server import Frames, ServerProcess
from tests.wording import plain, word_errors

SAMPLE = ROOT / "fixtures" / "talk" / "two-voices.mp4"
TRUTH = ROOT / "fixtures" / "talk" / "two-voices.json"
FORMATS = "srt,vtt,ass,ttml,json,txt"


@pytest.fixture(scope="module")
def truth() -> list[dict[str, Any]]:
    sentences: list[dict[str, Any]] = json.loads(TRUTH.read_text())["sentences"]
    return sentences


@pytest.fixture(scope="module")
def sample(server: ServerProcess) -> Frames:
    return stream_file(server, SAMPLE, target_lang="es", formats=FORMATS, force_refresh="true")


@pytest.fixture(scope="module")
def result(sample: Frames) -> dict[str, Any]:
    assert sample.result is not None
    return sample.result


def test_the_words_are_right(result: dict[str, Any], truth: list[dict[str, Any]]) -> None:
    spoken = " ".join(sentence["text"] for sentence in truth)
    heard = " ".join(cue["text"] for cue in result["subtitles"])
    assert word_errors(spoken, heard.replace("$20", "twenty dollars")) <= 0.03


def test_the_times_are_right(result: dict[str, Any], truth: list[dict[str, Any]]) -> None:
    """By Whisper's own word times; an aligner makes them exact."""
    starts = np.array([cue["start"] for cue in result["subtitles"]])
    ends = np.array([cue["end"] for cue in result["subtitles"]])
    off_ms = [int(np.abs(starts - sentence["start_ms"]).min()) for sentence in truth]
    assert np.median(off_ms) <= 250
    assert max(off_ms) <= 500
    for sentence in truth:
        late = ends - sentence["end_ms"]
        # A number that was written in digits ends with its first word.
        early_ms = 900 if "twenty" in sentence["text"] else 300
        assert late[np.abs(late).argmin()] >= -early_ms, sentence
        assert np.abs(late).min() <= 300 + 500, "half a second may be added for reading"


def test_the_spanish_is_apertium_s(result: dict[str, Any]) -> None:
    assert result["translated"] is True
    for cue in result["subtitles"]:
        told = subprocess.run(
            ["apertium", "-u", "eng-spa"], input=cue["text"], text=True, capture_output=True
        ).stdout
        assert plain(cue["translatedText"])[:4] == plain(told)[:4], cue


def test_cues_stream_while_the_engine_still_works(sample: Frames) -> None:
    first_cue = next(i for i, d in enumerate(sample.data) if d.get("stage") == "subtitles")
    later = [d for d in sample.data[first_cue:] if d.get("stage") == "transcribing"]
    assert later, "the first cue left before the last window was heard"
    assert sample.times[first_cue] < sample.times[-1]


def test_result_tells_what_it_cost(sample: Frames, result: dict[str, Any]) -> None:
    assert result["language"] == "en"
    assert result["source"] == "whisper"
    assert 25_000 < result["duration_ms"] < 65_000
    assert {"speech", "transcribe", "translate"} <= set(result["stage_ms"])
    worked_ms = result["rtf"] * result["duration_ms"]
    watched_ms = (sample.times[-1] - sample.times[0]) * 1000
    assert 0 < worked_ms < 10 * watched_ms, "not much more than what the caller saw"


def test_all_six_formats_show_every_cue(result: dict[str, Any], tmp_path: Path) -> None:
    files = result["formats"]
    assert set(files) == set(FORMATS.split(","))
    for name in ("srt", "vtt", "ass"):
        path = tmp_path / f"sample.{name}"
        path.write_text(files[name])
        events = subprocess.run(
            ["ffprobe", "-v", "error", "-of", "json", "-show_packets", str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
        packets = json.loads(events.stdout)["packets"]
        assert len(packets) == len(result["subtitles"]), name
        for packet, cue in zip(packets, result["subtitles"], strict=True):
            assert float(packet["pts_time"]) * 1000 == pytest.approx(cue["start"], abs=10)
    assert len(json.loads(files["json"])["cues"]) == len(result["subtitles"])
    for cue in result["subtitles"]:
        first_word = cue["translatedText"].split()[0]
        assert first_word in files["txt"]
        assert first_word in files["ttml"]


def test_render_writes_the_same_files(server: ServerProcess, result: dict[str, Any]) -> None:
    with server.client() as client:
        for name in FORMATS.split(","):
            body = {"cues": result["subtitles"], "format": name, "language": "es"}
            answer = client.post("/api/render", json=body)
            assert answer.status_code == 200
            if name in ("srt", "vtt", "ass", "txt"):
                assert answer.text == result["formats"][name]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"cues": [], "format": "srt"}, "invalid_field"),
        ({"cues": [{"start": 0, "end": 1000, "text": "a"}], "format": "doc"}, "invalid_format"),
        ({"cues": [{"start": 5, "end": 5, "text": "a"}], "format": "srt"}, "invalid_field"),
        ({"cues": [{"start": "x", "end": 5, "text": "a"}], "format": "srt"}, "invalid_field"),
        ({"cues": "all", "format": "srt"}, "invalid_field"),
    ],
)
def test_render_refuses_what_is_no_cue(
    server: ServerProcess, body: dict[str, Any], code: str
) -> None:
    with server.client() as client:
        answer = client.post("/api/render", json=body)
    assert answer.status_code == 400
    assert answer.json()["code"] == code


def test_the_subtitles_show_on_the_video(result: dict[str, Any], tmp_path: Path) -> None:
    cue = max(result["subtitles"], key=lambda cue: cue["end"] - cue["start"])
    middle_s = (cue["start"] + cue["end"]) / 2000
    bare = frame_at(SAMPLE, middle_s, None)
    for name in ("srt", "ass"):
        path = tmp_path / f"sample.{name}"
        path.write_text(result["formats"][name])
        burned = frame_at(SAMPLE, middle_s, path)
        height = burned.shape[0]
        changed = np.abs(burned.astype(int) - bare.astype(int)) > 40
        assert changed[height // 2 :].sum() > 300, f"{name} shows nothing"
        assert changed[: height // 3].sum() == 0, f"{name} shows in the wrong place"


def frame_at(video: Path, second: float, subtitles: Path | None) -> np.ndarray:
    filters = "scale=640:360" + (f",subtitles={subtitles}" if subtitles else "")
    command = ["ffmpeg", "-v", "error", "-i", str(video), "-vf", filters]
    command += ["-ss", f"{second:.3f}", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(360, 640)


def test_real_human_speech(server: ServerProcess, tmp_path: Path) -> None:
    """Five sentences of a librivox reader: the words, and Spanish for each cue."""
    read = recordings()
    pause = np.zeros(8000, np.float32)
    parts = [part for _, wav in read for part in (read_samples(wav), pause)]
    path = tmp_path / "reader.wav"
    write_wav(path, np.concatenate(parts))
    frames = stream_file(server, path, target_lang="es")
    assert frames.result is not None
    heard = " ".join(cue["text"] for cue in frames.result["subtitles"])
    assert word_errors(" ".join(text for text, _ in read), heard) <= 0.15
    assert all(cue["translatedText"] for cue in frames.result["subtitles"])


def test_a_media_address_gives_what_an_upload_gives(
    server: ServerProcess, site: MediaServer, sample: Frames
) -> None:
    frames = stream_json(server, {"url": site.add(SAMPLE), "target_lang": "es"})
    assert frames.result is not None
    assert sample.result is not None
    assert frames.result["subtitles"] == sample.result["subtitles"]


def test_json_for_callers_who_want_no_stream(server: ServerProcess, sample: Frames) -> None:
    answer = post_file(server, SAMPLE, target_lang="es", formats="srt", force_refresh="true")
    assert answer.headers["content-type"] == "application/json"
    assert sample.result is not None
    body = answer.json()
    # Heard once more in other batches, which may change a capital letter.
    texts = [" ".join(cue["text"] for cue in got["subtitles"]) for got in (sample.result, body)]
    assert word_errors(*texts) <= 0.02
    assert set(body["subtitles"][0]) == set(sample.result["subtitles"][0])
    assert set(body["formats"]) == {"srt"}
    assert answer.headers["X-Job-Id"] == body["job_id"]


def test_runpod_40_the_shape_is_the_same_on_every_route(
    server: ServerProcess, sample: Frames
) -> None:
    processed = stream_file(server, SAMPLE, "/api/process", target_lang="es", formats=FORMATS)
    answered = post_file(server, SAMPLE, target_lang="es", formats=FORMATS).json()
    assert processed.result is not None
    assert sample.result is not None
    assert set(processed.result) == set(answered) == set(sample.result)
    assert processed.result["subtitles"] == answered["subtitles"]


def test_cues_of_a_profile_obey_it(server: ServerProcess) -> None:
    frames = stream_file(server, SAMPLE, profile="shorts", formats="srt")
    assert frames.result is not None
    assert all(len(c["text"]) <= 48 for c in frames.result["subtitles"])
    texts = [line for line in frames.result["formats"]["srt"].splitlines() if "-->" not in line]
    assert max(len(line) for line in texts) <= 24


def test_headers_keep_proxies_from_holding_frames_back(
    server: ServerProcess, dialogue: Path
) -> None:
    with server.client() as client:
        with client.stream(
            "POST", "/api/stream", files={"file": dialogue.read_bytes()}, headers=SSE
        ) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            assert response.headers["x-accel-buffering"] == "no"
            assert "no-cache" in response.headers["cache-control"]
            assert len(response.headers["x-job-id"]) == 32
