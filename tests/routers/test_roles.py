"""Three processes on loopback, each with a role and models of its own, and what the guide says."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.gpu.calls.sound_files import to_wav
from tests.conftest import Speech
from tests.media_server import MediaServer
from tests.packaging.documented import run_blocks
from tests.server import ServerProcess
from tests.wording import word_errors

pytestmark = pytest.mark.gpu

TEXTS = (
    ("We measure the height of the river every morning.", "rms"),
    ("The water came up very fast last night.", "slt"),
    ("Please tell the people near the bridge.", "rms"),
    ("I will call them before the sun goes down.", "slt"),
)


@pytest.fixture(scope="module")
def talk(speech: Speech, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dialogue of a quarter of a minute, slightly noisy."""
    pause = np.zeros(8_000, np.float32)
    parts = [pause]
    for text, voice in TEXTS:
        parts += [speech.samples(text, voice), pause]
    sound = np.concatenate(parts)
    sound += np.random.default_rng(5).normal(0, 1e-3, len(sound)).astype(np.float32)
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    path.write_bytes(to_wav(sound))
    return path


class Layout:
    """Three workers, one of each role."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        from scripts.fixtures.speakers import assemble

        private = {"ALLOW_PRIVATE_URLS": "true"}
        self.transcription = ServerProcess(
            folders.mktemp("transcription"), {"ROLE": "transcription", **private}
        )
        model = str(assemble(folders.mktemp("speakers")))
        self.diarization = ServerProcess(
            folders.mktemp("diarization"),
            {"ROLE": "diarization", "DIARIZATION_MODEL": model, **private},
        )
        self.orchestrator = ServerProcess(
            folders.mktemp("orchestrator"),
            {
                "ROLE": "orchestrator",
                "TRANSCRIPTION_ENDPOINT_ID": "words",
                "RUNPOD_API_KEY": "a key",
                "RUNPOD_API_URL": f"{self.transcription.url}/v2",
                "DIARIZATION_URL": self.diarization.url,
                **private,
            },
        )
        self.all = (self.transcription, self.diarization, self.orchestrator)


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    pytest.importorskip("whisperx", reason="needs the gpu extra")
    made = Layout(tmp_path_factory)
    for server in made.all:
        server.wait_ready()
    yield made
    for server in made.all:
        server.stop()


def ask(server: ServerProcess, job_input: dict[str, Any]) -> dict[str, Any]:
    with server.client() as client:
        answer: dict[str, Any] = client.post(
            "/v2/any/runsync?wait=300000", json={"input": job_input}
        ).json()
    return answer


def output(server: ServerProcess, path: Path, **fields: Any) -> Any:
    audio = base64.b64encode(path.read_bytes()).decode()
    answer = ask(server, {"audio": audio, "audio_format": "wav", **fields})
    assert answer["status"] == "COMPLETED", json.dumps(answer)[:3000]
    return answer["output"]


def test_each_role_loads_only_its_own_models(layout: Layout) -> None:
    ready: list[set[str]] = []
    for server in layout.all:
        with server.client() as client:
            engines = client.get("/health").json()["engines"]
        ready.append({each["role"] for each in engines if each["state"] == "ready"})
    speech = {"decoder", "vad", "transcriber", "translator"}
    assert ready == [speech, {"decoder", "diarizer"}, speech | {"diarizer"}]


@pytest.mark.parametrize("name", ["transcription", "diarization", "orchestrator"])
def test_1_an_empty_input_misses_its_audio(layout: Layout, name: str) -> None:
    answer = ask(getattr(layout, name), {})
    assert answer["status"] == "FAILED"
    assert answer["error"] == "Missing required 'audio' field in input"


def test_14_the_diarization_worker_says_who_speaks_when(
    layout: Layout, talk: Path, tmp_path: Path
) -> None:
    made = output(layout.diarization, talk, num_speakers=2)
    assert set(made) == {"segments", "num_speakers", "duration"}
    assert made["num_speakers"] == 2
    assert {turn["speaker"] for turn in made["segments"]} == {"1", "2"}
    starts = [turn["start"] for turn in made["segments"]]
    assert starts == sorted(starts)
    assert made["duration"] == max(turn["end"] for turn in made["segments"])
    silence = tmp_path / "silence.wav"
    silence.write_bytes(to_wav(np.zeros(48_000, np.float32)))
    nobody = {"segments": [], "num_speakers": 0, "duration": 0.0}
    assert output(layout.diarization, silence) == nobody


def test_it_does_nothing_else(layout: Layout, talk: Path) -> None:
    answer = ask(layout.diarization, {"url": "https://example.com/a.mp4"})
    assert "ROLE=diarization" in answer["error"]
    with layout.diarization.client() as client, talk.open("rb") as file:
        refused = client.post("/api/process", files={"file": ("t.wav", file)})
    assert refused.json()["code"] == "option_unavailable"


def test_5_the_transcription_worker_takes_the_speakers_of_the_other_one(
    layout: Layout, talk: Path
) -> None:
    turns = output(layout.diarization, talk, num_speakers=2)["segments"]
    made = output(layout.transcription, talk, diarization_segments=turns, word_timestamps=True)
    assert [each["speaker"] for each in made["segments"]] == ["1", "2", "1", "2"]
    plain = output(layout.transcription, talk, diarize=True)
    assert [each["code"] for each in plain["warnings"]] == ["speakers_unavailable"]
    assert "segments" not in plain


def test_the_orchestrator_has_both(layout: Layout, talk: Path) -> None:
    made = output(layout.orchestrator, talk, word_timestamps=True)
    spoken = " ".join(text for text, _ in TEXTS)
    assert word_errors(spoken, made["text"]) <= 0.15
    assert [each["speaker"] for each in made["segments"]] == ["1", "2", "1", "2"]
    words = [word for each in made["segments"] for word in each["words"]]
    assert all(word["start"] <= word["end"] for word in words)
    assert "warnings" not in made


def commands() -> list[str]:
    """Return the guide's commands that call a server."""
    return [block.text for block in run_blocks("docs/roles.md", __file__)]


def answers_in(text: str) -> list[Any]:
    decoder = json.JSONDecoder()
    found: list[Any] = []
    while text := text.strip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


@pytest.mark.parametrize("number", range(2))
def test_the_commands_of_the_guide_work_with_only_the_host_replaced(
    layout: Layout, talk: Path, site: MediaServer, tmp_path: Path, number: int
) -> None:
    script = commands()[number].replace("https://example.com/talk.wav", site.add(talk))
    for name in ("orchestrator", "transcription", "diarization"):
        host = getattr(layout, name).url
        script = script.replace(f"$API/${name.upper()}_ENDPOINT_ID", f"{host}/v2/any")
    shutil.copy(talk, tmp_path / "talk.wav")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "RUNPOD_API_KEY": "a key", "no_proxy": "*"},
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    answers = answers_in(done.stdout)
    assert answers, done.stderr
    for answer in answers:
        assert answer["status"] == "COMPLETED", json.dumps(answer)[:3000]
    if number == 0:
        words, srt = (answer["output"] for answer in answers)
        assert words["segments"][0]["words"]
        assert srt["text"].startswith("1\n00:00:0")
        assert "[2] " in srt["text"]
    else:
        speakers = [each["speaker"] for each in answers[0]["output"]["segments"]]
        assert speakers == ["1", "2", "1", "2"]


def test_the_guide_has_as_many_commands_as_are_tried() -> None:
    assert len(commands()) == 2


def test_15_without_its_diarizer_the_orchestrator_still_transcribes(
    layout: Layout, talk: Path, tmp_path: Path
) -> None:
    """The last test: one of the three is gone after it."""
    layout.diarization.stop()
    cut = tmp_path / "cut.wav"
    with talk.open("rb") as file:
        cut.write_bytes(to_wav(np.frombuffer(file.read()[44:], "<i2")[8_000:] / np.float32(32768)))
    made = output(layout.orchestrator, cut)
    assert "river" in made["text"]
    assert {each["speaker"] for each in made["segments"]} == {None}
    assert [each["code"] for each in made["warnings"]] == ["diarization_failed"]
