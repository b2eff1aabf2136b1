"""The sample: what it is, and that its transcript is true."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scripts import make_samples, sample_clip
from tests.conftest import read_samples
from tests.server import ROOT

CLIP = ROOT / "samples" / "voicemail.mp4"
RATE_HZ = 16_000


@pytest.fixture(scope="module")
def transcript() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(CLIP.with_suffix(".json").read_text("utf-8"))
    return loaded


def speech(samples: np.ndarray[Any, Any], span: dict[str, Any]) -> np.ndarray[Any, Any]:
    return samples[span["start_ms"] * RATE_HZ // 1000 : span["end_ms"] * RATE_HZ // 1000]


def test_it_is_a_small_video_of_a_minute_or_so(transcript: dict[str, Any]) -> None:
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", str(CLIP)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    codecs = {stream["codec_type"]: stream["codec_name"] for stream in found["streams"]}
    assert codecs == {"video": "h264", "audio": "aac"}
    duration_s = float(found["format"]["duration"])
    assert 60 <= duration_s <= 90
    assert abs(duration_s * 1000 - transcript["duration_ms"]) <= 100, "one frame of the video"
    assert CLIP.stat().st_size < 1_500_000


def test_the_transcript_is_the_scripts_talk(transcript: dict[str, Any]) -> None:
    told = [(item["speaker"], item["language"], item["text"]) for item in transcript["sentences"]]
    talk = make_samples.TALK
    assert told == [(item.speaker.name, item.speaker.language, item.text) for item in talk]


def test_sentences_follow_one_another_inside_the_file(transcript: dict[str, Any]) -> None:
    at_ms = 0
    for sentence in transcript["sentences"]:
        assert at_ms + 500 <= sentence["start_ms"] < sentence["end_ms"]
        at_ms = sentence["end_ms"]
    assert at_ms + 500 <= transcript["duration_ms"]


def test_two_people_take_turns_in_two_languages(transcript: dict[str, Any]) -> None:
    turns = transcript["turns"]
    assert len(turns) >= 6
    assert {(turn["speaker"], turn["language"]) for turn in turns} == {
        ("Allison Smith", "es"),
        ("LibriVox reader", "en"),
    }
    for turn, following in pairwise(turns):
        assert turn["speaker"] != following["speaker"]
        assert turn["end_ms"] < following["start_ms"]
    for turn in turns:
        assert 7_000 <= turn["end_ms"] - turn["start_ms"] <= 15_000


def test_a_turn_is_its_speakers_sentences(transcript: dict[str, Any]) -> None:
    sentences = list(transcript["sentences"])
    for turn in transcript["turns"]:
        own = [item for item in sentences if item["end_ms"] <= turn["end_ms"]]
        sentences = sentences[len(own) :]
        assert (own[0]["start_ms"], own[-1]["end_ms"]) == (turn["start_ms"], turn["end_ms"])
        for key in ("speaker", "language"):
            assert {item[key] for item in own} == {turn[key]}
    assert sentences == []


def test_speech_is_exactly_where_the_transcript_says(transcript: dict[str, Any]) -> None:
    samples = read_samples(CLIP)
    inside = np.zeros(len(samples), bool)
    for sentence in transcript["sentences"]:
        speech(inside, sentence)[:] = True
        heard = speech(samples, sentence)
        # The first and the last 100 ms hold speech, so the times are not too wide.
        for edge in (heard[:1600], heard[-1600:]):
            assert np.abs(edge).max() > 0.01, sentence
    # AAC smears a little over the edges, so silence is looked at from 30 ms on.
    near = np.convolve(inside, np.ones(960), "same") > 0
    outside = samples[~near]
    assert len(outside) > 8 * RATE_HZ
    assert np.abs(outside).max() < 0.01


def test_both_speakers_are_equally_loud(transcript: dict[str, Any]) -> None:
    samples = read_samples(CLIP)
    for turn in transcript["turns"]:
        level_db = 10 * np.log10(np.mean(speech(samples, turn) ** 2))
        assert -25 < level_db < -20, turn


def test_the_prompts_come_from_a_telephone_and_the_book_does_not(
    transcript: dict[str, Any],
) -> None:
    samples = read_samples(CLIP)
    above: dict[str, list[float]] = {"es": [], "en": []}
    for turn in transcript["turns"]:
        power = np.abs(np.fft.rfft(speech(samples, turn))) ** 2
        high = power[len(power) * 9 // 16 :].sum() / power.sum()
        above[turn["language"]].append(10 * np.log10(high))
    assert max(above["es"]) + 10 < min(above["en"]), "energy above 4.5 kHz, dB"


@pytest.mark.slow
def test_the_script_makes_the_same_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transcript: dict[str, Any]
) -> None:
    monkeypatch.setattr(make_samples, "SAMPLES", tmp_path)
    monkeypatch.setattr(sample_clip, "PRESET", "ultrafast")  # the sound is compared
    make_samples.main()
    again = json.loads((tmp_path / "voicemail.json").read_text("utf-8"))
    assert again == transcript
    difference = read_samples(tmp_path / "voicemail.mp4") - read_samples(CLIP)
    assert np.abs(difference).max() < 0.05, "another version of the encoder may differ a little"


def test_the_readme_shows_the_first_sentence_and_turn(transcript: dict[str, Any]) -> None:
    shown = re.search(r"```json\n(.*?)```", (CLIP.parent / "README.md").read_text(), re.DOTALL)
    assert shown is not None
    example = json.loads(shown[1])
    assert example["duration_ms"] == transcript["duration_ms"]
    for key in ("sentences", "turns"):
        assert example[key] == transcript[key][:1]


def test_the_readme_credits_everybody() -> None:
    text = (CLIP.parent / "README.md").read_text()
    for credit in ("Allison Smith", "Digium", "LibriVox", "CC-BY-SA-3.0", "public domain"):
        assert credit in text
    licence = (CLIP.parent / "LICENSE").read_text()
    assert "Attribution-ShareAlike 3.0" in licence
    assert "voicemail.mp4" in licence
