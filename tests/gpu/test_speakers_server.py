"""Diarization by the real server: Whisper tiny.en, and the trained aligner and speakers."""

from __future__ import annotations

import json
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.domain.time import SAMPLE_RATE_HZ
from tests.api_requests import post_file, stream_file
from tests.conftest import ROOT, Speech, StartServer, write_wav
from tests.server import ServerProcess
from tests.wording import word_errors

pytestmark = pytest.mark.gpu

FIXTURES = ROOT / "fixtures"
VOICES = ("slt", "rms")
PAUSES_S = (0.45, 0.6, 0.35, 0.8)
_EDGE_MS = 300


@dataclass(frozen=True, slots=True)
class Talk:
    """Two people who take turns, and when each spoke, in milliseconds."""

    path: Path
    turns: tuple[tuple[int, int, str], ...]
    texts: tuple[str, ...]

    def onsets_ms(self) -> list[int]:
        """Return when each turn is first heard: the voices take a breath before they speak."""
        with wave.open(str(self.path)) as file:
            sound = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 2**15
        rate = SAMPLE_RATE_HZ // 1000
        loud = (np.abs(sound[start * rate : end * rate]) > 0.02 for start, end, _ in self.turns)
        return [
            start + int(np.argmax(own)) // rate
            for own, (start, *_) in zip(loud, self.turns, strict=True)
        ]

    def voice_at(self, ms: float) -> str | None:
        return next((voice for start, end, voice in self.turns if start <= ms < end), None)


@pytest.fixture(scope="module")
def talk(speech: Speech, tmp_path_factory: pytest.TempPathFactory) -> Talk:
    """Three quarters of a minute; now and then one says two sentences."""
    known = json.loads((FIXTURES / "sentences.json").read_text())
    texts = [each["text"] for each in known if each["language"] == "en"][:16]
    texts = [text for text in texts if "twenty" not in text]  # which Whisper writes in digits
    rng = np.random.default_rng(5)
    parts = [np.zeros(SAMPLE_RATE_HZ // 2, np.float32)]
    turns: list[tuple[int, int, str]] = []
    for number, text in enumerate(texts):
        voice = VOICES[(number // (1 + (number % 5 == 4))) % 2]
        samples = speech.samples(text, voice)
        start_ms = sum(map(len, parts)) * 1000 // SAMPLE_RATE_HZ
        parts.append(samples)
        turns.append((start_ms, start_ms + len(samples) // 16, voice))
        parts.append(np.zeros(int(PAUSES_S[number % 4] * SAMPLE_RATE_HZ), np.float32))
    sound = np.concatenate(parts)
    sound += rng.normal(0, 1e-3, len(sound)).astype(np.float32)
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    write_wav(path, sound)
    return Talk(path, tuple(turns), tuple(texts))


@pytest.fixture(scope="module")
def server(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> ServerProcess:
    pytest.importorskip("whisperx", reason="needs the gpu extra")
    from scripts.fixtures.speakers import assemble

    return start_server(
        ALIGNMENT_ENABLED="true",
        ALIGNMENT_MODELS=f"en={FIXTURES / 'aligner'}",
        DIARIZATION_ENABLED="true",
        DIARIZATION_MODEL=str(assemble(tmp_path_factory.mktemp("speakers"))),
    )


@pytest.fixture(scope="module")
def result(server: ServerProcess, talk: Talk) -> dict[str, Any]:
    body: dict[str, Any] = post_file(server, talk.path, diarize="true", target_lang="es").json()
    return body


def test_every_cue_has_the_right_speaker(result: dict[str, Any], talk: Talk) -> None:
    cues = result["subtitles"]
    by_voice: dict[str, set[str]] = {}
    for cue in cues:
        voice = talk.voice_at((cue["start"] + cue["end"]) / 2)
        by_voice.setdefault(cue["speaker"], set()).add(voice or "nobody")
    names = {frozenset(voices - {"nobody"}): name for name, voices in by_voice.items()}
    assert set(names) == {frozenset({"slt"}), frozenset({"rms"})}, by_voice
    assert sorted(by_voice) == ["SPEAKER_00", "SPEAKER_01"]


def test_no_cue_shows_two_speakers(result: dict[str, Any], talk: Talk) -> None:
    for cue in result["subtitles"]:
        speaking = {
            voice
            for start, end, voice in talk.turns
            if min(end, cue["end"]) - max(start, cue["start"]) > _EDGE_MS
        }
        # A cue may stay a little while after its words; the next speaker's cue follows it.
        assert len(speaking) <= 1, (cue, speaking)


QUICK = (
    ("slt", "We measure the height of the river every morning before the sun comes up.", 0.6),
    ("rms", "The water came up very fast last night, and nobody had told the people.", 0.9),
    ("slt", "Is it late?", 0.12),
    ("rms", "By an hour.", 0.12),
    ("slt", "Really?", 0.12),
    ("rms", "I think so.", 0.5),
)
"""Voices, what they say, and the pause behind it in seconds."""


def test_short_turns_share_a_cue_with_dashes_where_the_profile_has_them(
    server: ServerProcess, speech: Speech, tmp_path: Path
) -> None:
    parts = [np.zeros(SAMPLE_RATE_HZ // 2, np.float32)]
    for voice, text, pause_s in QUICK:
        samples = speech.samples(text, voice)
        loud = np.flatnonzero(np.abs(samples) > 0.01)
        parts.append(samples[loud[0] : loud[-1]])
        parts.append(np.zeros(int(pause_s * SAMPLE_RATE_HZ), np.float32))
    path = tmp_path / "quick.wav"
    write_wav(path, np.concatenate(parts))
    asked = {"diarize": "true", "num_speakers": "2", "profile": "netflix", "formats": "vtt"}
    result = post_file(server, path, **asked).json()
    shared = [cue for cue in result["subtitles"] if "speakers" in cue]
    assert shared, result["subtitles"]
    for cue in shared:
        first, second = cue["text"].split("\n")
        assert (first[0], second[0], "speaker" in cue) == ("-", "-", False)
        assert sorted(cue["speakers"]) == ["SPEAKER_00", "SPEAKER_01"]
        voices = [f"<v {name}>" for name in cue["speakers"]]
        assert f"{voices[0]}{first}</v>\n{voices[1]}{second}</v>" in result["formats"]["vtt"]
    assert all("\n" not in cue["text"] for cue in result["subtitles"] if "speaker" in cue)


def test_the_words_are_whispers(result: dict[str, Any], talk: Talk) -> None:
    transcript = " ".join(cue["text"] for cue in result["subtitles"])
    assert word_errors(" ".join(talk.texts), transcript) <= 0.08, transcript
    assert result["language"] == "en"
    assert all(cue["translatedText"] and cue["confidence"] > 0.5 for cue in result["subtitles"])
    assert result["voiced_untranscribed_s"] <= 2
    assert {each["code"] for each in result.get("notices", ())} <= {"cues_too_fast"}


def test_the_turns_are_returned(result: dict[str, Any], talk: Talk) -> None:
    turns = result["speakers"]
    assert turns == sorted(turns, key=lambda turn: turn["start"])
    returned_ms = sum(turn["end"] - turn["start"] for turn in turns)
    true = sum(end - start for start, end, _ in talk.turns)
    assert returned_ms == pytest.approx(true, rel=0.15)
    assert {"transcribe", "align", "diarize"} <= set(result["stage_ms"])


def test_a_text_gets_the_times_of_the_aligner(
    server: ServerProcess, result: dict[str, Any], talk: Talk
) -> None:
    assert result["subtitles"]
    captions = "\n".join(
        f"{n}\n00:00:00,000 --> 00:00:01,000\n{text}\n" for n, text in enumerate(talk.texts, 1)
    )
    with server.client() as client:
        files = {
            "file": (talk.path.name, talk.path.read_bytes()),
            "captions": ("talk.srt", captions.encode()),
        }
        found = client.post("/api/align", files=files, data={"source_lang": "en"}).json()
    assert found["alignment"]["confidence"] >= 0.95
    starts = [cue["start"] for cue in found["subtitles"]]
    misses = [abs(a - onset) for a, onset in zip(starts, talk.onsets_ms(), strict=True)]
    assert sorted(misses)[len(misses) // 2] <= 100, misses


def test_the_second_time_nothing_is_heard(
    server: ServerProcess, result: dict[str, Any], talk: Talk
) -> None:
    again = post_file(server, talk.path, diarize="true", formats="ass").json()
    assert again["cached"]["transcribe"] == 1.0
    assert again["speakers"] == result["speakers"]
    assert [cue["speaker"] for cue in again["subtitles"]] == [
        cue["speaker"] for cue in result["subtitles"]
    ]
    assert "diarize" not in again["stage_ms"]
    plain = post_file(server, talk.path, diarize="false").json()
    assert plain["cached"]["transcribe"] == 1.0
    assert all("speaker" not in cue for cue in plain["subtitles"])
    assert "speakers" not in plain


def test_drafts_come_while_it_listens_and_final_cues_replace_them(
    server: ServerProcess, talk: Talk
) -> None:
    frames = stream_file(server, talk.path, diarize="true", force_refresh="true", num_speakers="2")
    assert frames.result is not None
    job = frames.result["job_id"]
    with server.client() as client:
        text = client.get(f"/api/jobs/{job}/events?view=native").text
    events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]
    cues = [event for event in events if event.get("type") == "cues"]
    kinds = [event["final"] for event in cues]
    assert kinds == sorted(kinds), "drafts first"
    assert kinds.count(False) >= 5
    shown: dict[int, dict[str, Any]] = {}
    for event in events:
        if event.get("type") == "cues":
            shown |= {cue["id"]: cue for cue in event["cues"]}
        if event.get("type") == "dropped":
            for number in event["ids"]:
                del shown[number]
    texts = [cue["text"] for cue in sorted(shown.values(), key=lambda cue: cue["span"]["start_ms"])]
    assert texts == [cue["text"] for cue in frames.result["subtitles"]], (
        "what a reader ends up with"
    )
    assert frames.cues == frames.result["subtitles"], "who cannot revise gets each cue once, final"
    [found] = [event for event in events if event.get("type") == "speakers"]
    assert found["turns"] == frames.result["speakers"]


def test_the_health_check_tells_of_every_engine(server: ServerProcess) -> None:
    with server.client() as client:
        body = client.get("/health").json()
    states = {engine["role"]: (engine["name"], engine["state"]) for engine in body["engines"]}
    assert states["aligner"] == ("wav2vec2", "ready")
    assert states["diarizer"] == ("pyannote", "ready")


def test_a_wish_that_contradicts_itself_is_refused(server: ServerProcess, talk: Talk) -> None:
    wrong = post_file(server, talk.path, diarize="true", min_speakers="3", max_speakers="2")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid_field")
