"""The talk of two synthetic voices: what it is, and that its transcript is true."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scripts import sample_clip
from scripts.fixtures import talk
from tests.conftest import read_samples
from tests.server import ROOT

CLIP = ROOT / "fixtures" / "talk" / "two-voices.mp4"
RATE_HZ = 16_000


@pytest.fixture(scope="module")
def transcript() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(CLIP.with_suffix(".json").read_text())
    return loaded


def probe(path: Path) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_is_a_small_video_of_half_a_minute_to_a_minute(transcript: dict[str, Any]) -> None:
    found = probe(CLIP)
    codecs = {stream["codec_type"]: stream["codec_name"] for stream in found["streams"]}
    assert codecs == {"video": "h264", "audio": "aac"}
    duration_s = float(found["format"]["duration"])
    assert 30 <= duration_s <= 60
    assert abs(duration_s * 1000 - transcript["duration_ms"]) < 100
    assert CLIP.stat().st_size < 1_500_000


def test_the_transcript_is_the_scripts_talk(transcript: dict[str, Any]) -> None:
    told = [(sentence["speaker"], sentence["text"]) for sentence in transcript["sentences"]]
    assert told == list(talk.TALK)
    assert {speaker for speaker, _ in told} == {"Anna", "Ben"}


def test_sentences_follow_one_another_inside_the_file(transcript: dict[str, Any]) -> None:
    at_ms = 0
    for sentence in transcript["sentences"]:
        assert at_ms + 400 <= sentence["start_ms"] < sentence["end_ms"]
        at_ms = sentence["end_ms"]
    assert at_ms <= transcript["duration_ms"]


def test_speech_is_exactly_where_the_transcript_says(transcript: dict[str, Any]) -> None:
    samples = read_samples(CLIP)
    inside = np.zeros(len(samples), bool)
    for sentence in transcript["sentences"]:
        first, last = (sentence[key] * RATE_HZ // 1000 for key in ("start_ms", "end_ms"))
        inside[first:last] = True
        # The first and the last 60 ms hold speech, so the times are not too wide.
        for edge in (samples[first : first + 960], samples[last - 960 : last]):
            assert np.abs(edge).max() > 0.003, sentence
    # AAC smears a little over the edges, so silence is looked at from 30 ms on.
    near = np.convolve(inside, np.ones(960), "same") > 0
    outside = samples[~near]
    assert len(outside) > 5 * RATE_HZ
    assert np.abs(outside).max() < 0.01


def test_two_voices_are_heard(transcript: dict[str, Any]) -> None:
    samples = read_samples(CLIP)
    pitches: dict[str, list[float]] = {"Anna": [], "Ben": []}
    for sentence in transcript["sentences"]:
        first, last = (sentence[key] * RATE_HZ // 1000 for key in ("start_ms", "end_ms"))
        pitches[sentence["speaker"]].append(pitch_hz(samples[first:last]))
    assert np.median(pitches["Anna"]) > 1.3 * np.median(pitches["Ben"])


def pitch_hz(speech: np.ndarray[Any, Any]) -> float:
    """Return the median pitch of the loud frames, by autocorrelation."""
    frames = speech[: len(speech) // 800 * 800].reshape(-1, 800)
    loud = frames[np.abs(frames).max(axis=1) > 0.1]
    found = []
    for frame in loud:
        correlation = np.correlate(frame, frame, "full")[len(frame) - 1 :]
        lag = 60 + int(np.argmax(correlation[60:230]))
        found.append(RATE_HZ / lag)
    return float(np.median(found))


@pytest.mark.slow
def test_the_script_makes_the_same_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transcript: dict[str, Any]
) -> None:
    monkeypatch.setattr(sample_clip, "PRESET", "ultrafast")  # the sound is compared
    talk.build(tmp_path, print)
    again = json.loads((tmp_path / "two-voices.json").read_text())
    assert again == transcript
    difference = read_samples(tmp_path / "two-voices.mp4") - read_samples(CLIP)
    assert np.abs(difference).max() < 0.05, "another version of the encoder may differ a little"
