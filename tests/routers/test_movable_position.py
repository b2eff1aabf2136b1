"""A viewer who jumps while his job runs: what he is about to see comes next, and all in the end."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jiwer
import numpy as np
import pytest

from tests.api_requests import SSE, stream_file
from tests.conftest import Speech, write_wav
from tests.server import Frames, ServerProcess, iter_frames, read_frame

RATE = 16_000
PERIOD_S = 12
COUNT = 17

SENTENCES = [
    ("We measure the height of the river every morning.", "rms"),
    ("The water came up very fast last night.", "slt"),
    ("Please tell the people near the bridge.", "rms"),
    ("I will call them before the sun goes down.", "slt"),
]

Cue = dict[str, Any]
Jump = tuple[Callable[[list[Cue]], bool], float]
"""When the viewer jumps, told by the cues that he has, and where to."""


@pytest.fixture(scope="module")
def slow_talk(speech: Speech, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three and a half minutes with a sentence every twelve seconds."""
    samples = np.random.default_rng(5).normal(0, 1e-4, COUNT * PERIOD_S * RATE).astype(np.float32)
    for number in range(COUNT):
        said = speech.samples(*SENTENCES[number % len(SENTENCES)])
        at = number * PERIOD_S * RATE + RATE
        samples[at : at + len(said)] += said
    path = tmp_path_factory.mktemp("slow") / "slow.wav"
    write_wav(path, samples)
    return path


def move(server: ServerProcess, job_id: str, body: object) -> httpx.Response:
    with server.client() as client:
        return client.post(f"/api/jobs/{job_id}/position", json=body)


def watch(server: ServerProcess, path: Path, *jumps: Jump) -> tuple[Frames, list[Cue], list[int]]:
    """Read a stream and jump on the way.

    Returns:
        The stream, the answers to the jumps, and how many cues there were before each.
    """
    frames = Frames()
    answers: list[Cue] = []
    seen: list[int] = []
    with (
        server.client() as client,
        path.open("rb") as file,
        client.stream(
            "POST",
            "/api/stream",
            files={"file": (path.name, file)},
            data={"force_refresh": "true"},
            headers=SSE,
        ) as response,
    ):
        assert response.status_code == 200, response.read()
        for raw in iter_frames(response):
            read_frame(frames, raw)
            if len(answers) < len(jumps) and jumps[len(answers)][0](frames.cues):
                seen.append(len(frames.cues))
                to_s = jumps[len(answers)][1]
                answer = move(server, response.headers["x-job-id"], {"position_s": to_s})
                assert answer.status_code == 200, answer.text
                answers.append(answer.json())
    return frames, answers, seen


def slots(cues: list[Cue]) -> list[int]:
    """Return which sentence each cue is of, counted from 0."""
    return [cue["start"] // (PERIOD_S * 1000) for cue in cues]


def words(frames: Frames) -> list[str]:
    assert frames.result is not None
    return [word for cue in frames.result["subtitles"] for word in cue["text"].split()]


@pytest.fixture(scope="module")
def jumping(server: ServerProcess, slow_talk: Path) -> tuple[Frames, list[Cue], list[int]]:
    """A viewer at the start, then at 2:25, and once he sees something there, at 1:13."""
    return watch(
        server,
        slow_talk,
        (lambda cues: len(cues) >= 1, 145.0),
        (lambda cues: any(slot >= 12 for slot in slots(cues)), 73.0),
    )


@pytest.fixture(scope="module")
def straight(
    server: ServerProcess, slow_talk: Path, jumping: tuple[Frames, list[Cue], list[int]]
) -> Frames:
    """What a viewer gets afterwards who never jumps, of the same sound in another file."""
    other = slow_talk.with_suffix(".flac")
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", slow_talk, other], check=True)
    return stream_file(server, other)


def test_the_cues_of_the_new_place_come_long_before_what_lies_between(
    jumping: tuple[Frames, list[Cue], list[int]],
) -> None:
    frames, answers, seen = jumping
    assert [answer["state"] for answer in answers] == ["running", "running"]
    told = slots(frames.cues)
    ahead = next(place for place, slot in enumerate(told) if slot >= 11)
    assert told[ahead] in (11, 12)
    between = sum(slot < 11 for slot in told[seen[0] : ahead])
    assert between <= 6, "only what was on its way already"
    assert sum(slot < 11 for slot in told[ahead:]) >= 3


def test_the_second_jump_goes_back_to_what_was_skipped(
    jumping: tuple[Frames, list[Cue], list[int]],
) -> None:
    frames, answers, seen = jumping
    told = slots(frames.cues)
    # The few windows after the first jump may all be on their way when the second one comes.
    skipped = [slot for slot in told[seen[1] :] if slot < 11]
    assert 6 in skipped[:5], "behind what was on its way when the jump came"
    assert answers[1] == {
        "job_id": answers[0]["job_id"],
        "position_s": 73.0,
        "state": "running",
        "covered": False,
    }


def test_in_the_end_every_word_is_there_once(
    straight: Frames, jumping: tuple[Frames, list[Cue], list[int]]
) -> None:
    frames, _, _ = jumping
    assert frames.result is not None
    assert straight.result is not None
    # What comes back from disk is bit for bit what passes by, so windows are known again, but for
    # those that a jump cut elsewhere.
    assert straight.result["cached"]["transcribe"] >= 0.5
    # Near a cut a window may begin a frame earlier, and this engine hears another word.
    assert jiwer.wer(" ".join(words(straight)), " ".join(words(frames))) <= 0.08
    cues = frames.result["subtitles"]
    assert sorted(frames.cues, key=lambda cue: cue["start"]) == cues
    assert all(a["end"] <= b["start"] for a, b in itertools.pairwise(cues))
    assert len(set(slots(cues))) == COUNT


def test_the_progress_never_falls(jumping: tuple[Frames, list[Cue], list[int]]) -> None:
    percents = [stage["percent"] for stage in jumping[0].stages]
    assert percents == sorted(percents)
    assert percents[-1] == 100


def test_beyond_the_end_and_when_all_is_done(server: ServerProcess, dialogue: Path) -> None:
    frames, answers, _ = watch(server, dialogue, (lambda cues: True, 9_000.0))
    assert answers[0]["position_s"] == 9_000
    assert frames.result is not None
    assert frames.result["subtitles"][0]["start"] < 3_000
    again = move(server, frames.result["job_id"], {"position_s": 4})
    assert (again.status_code, again.json()["state"], again.json()["covered"]) == (
        200,
        "done",
        True,
    )


@pytest.mark.parametrize(
    "body",
    [{}, {"position_s": -1}, {"position_s": "soon"}, {"position_s": 1e12}, {"position_s": None}, 7],
)
def test_a_bad_position_is_refused(straight: Frames, server: ServerProcess, body: object) -> None:
    assert straight.result is not None
    answer = move(server, straight.result["job_id"], body)
    assert answer.status_code == 400
    assert answer.json()["code"] in ("invalid_field", "invalid_request")


def test_an_unknown_job_is_not_found(server: ServerProcess) -> None:
    answer = move(server, "none", {"position_s": 1})
    assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")


def test_pages_may_ask_and_the_schema_tells(server: ServerProcess) -> None:
    with server.client() as client:
        asked = {"Origin": "https://www.youtube.com", "Access-Control-Request-Method": "POST"}
        allowed = client.options(
            "/api/jobs/x/position",
            headers={**asked, "Access-Control-Request-Headers": "content-type,x-api-key"},
        )
        schema = client.get("/openapi.json").json()
    assert allowed.status_code == 200
    assert "access-control-allow-origin" in allowed.headers
    said = schema["paths"]["/api/jobs/{job_id}/position"]["post"]
    body = said["requestBody"]["content"]["application/json"]["schema"]
    named = schema["components"]["schemas"][body["$ref"].rpartition("/")[2]]
    assert named["required"] == ["position_s"]
