"""`dub` through a real server: out of a recording, of a job's cues, and its errors."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Speech
from tests.processes import media_programs_of, wait_until_quiet
from tests.routers.test_errors_contract import assert_error
from tests.server import ServerProcess
from tests.services.operations.dubbing import decoded

DUB = "/api/media/dub"
SENTENCE = "The water came up very fast last night."
SRT = f"1\n00:00:00,500 --> 00:00:03,000\n{SENTENCE}\n"


@pytest.fixture(scope="module")
def recording(speech: Speech) -> Path:
    return Path(speech.wav(SENTENCE))


def post(server: ServerProcess, media: Path | None, **fields: str) -> httpx.Response:
    files = {"video": (media.name, media.read_bytes())} if media else {"x": ("", b"")}
    with server.client() as client:
        return client.post(DUB, data=fields, files=files)


def fetched(server: ServerProcess, url: str, folder: Path) -> Path:
    path = folder / "dubbed"
    with server.client() as client:
        path.write_bytes(client.get(url).raise_for_status().content)
    return path


def test_a_recording_is_heard_and_spoken_again(
    server: ServerProcess, recording: Path, tmp_path: Path
) -> None:
    answer = post(server, recording, source_lang="en").json()
    assert answer["success"], answer
    (line,) = answer["lines"]
    assert "water" in line["text"]
    assert line["spoken"]
    assert (answer["language"], answer["engine"]) == ("en", "espeak")
    sound = fetched(server, answer["audio_url"], tmp_path)
    assert len(decoded(sound, 48_000)) == 3 * len(decoded(recording, 16_000)) == answer["samples"]


def test_a_jobs_cues_are_spoken_without_the_recording(
    server: ServerProcess, tmp_path: Path
) -> None:
    body = {"captions": {"text": SRT, "language": "en"}}
    with server.client() as client, client.stream("POST", "/api/stream", json=body) as stream:
        job_id = stream.headers["X-Job-Id"]
        stream.read()
    with server.client() as client:
        fields = {"job_id": job_id, "mode": "replace"}
        answer = client.post(DUB, json=fields).json()
    assert [line["cue_start_ms"] for line in answer["lines"]] == [500]
    assert answer["filename"].endswith("_dubbed.flac")


VOICES_VTT = (
    "WEBVTT\n\n00:00.500 --> 00:02.000\n<v Anna>Good evening.\n\n"
    "00:02.500 --> 00:04.000\n<v Bob>How are you?\n"
)


def test_every_door_takes_every_option(server: ServerProcess) -> None:
    """As JSON, as a form, and as a job: the same lines by the same voices."""
    fields = {
        "url_srt": VOICES_VTT,
        "target_lang": "en",
        "source_lang": "en",
        "voice": "en-us",
        "voices": {"Bob": "en-gb"},
        "mode": "replace",
        "format": "mp3",
        "duck_db": 12,
        "default_track": True,
        "diarize": False,
    }
    form = {
        name: json.dumps(value) if isinstance(value, dict | bool) else str(value)
        for name, value in fields.items()
    }
    with server.client() as client:
        answers = [
            client.post(DUB, json=fields).json(),
            client.post(DUB, data=form, files={"x": ("", b"")}).json(),
            outcome(client, queued(client, fields)),
        ]
    for answer in answers:
        assert [line["voice"] for line in answer["lines"]] == ["en-us", "en-gb"], answer
        assert answer["filename"].endswith("_dubbed.mp3")
        assert answer["lines"] == answers[0]["lines"]


def queued(client: httpx.Client, fields: dict[str, object]) -> str:
    """Hand a dub in as a job and return its id."""
    job = client.post("/run", json={"input": {"operation": "dub", **fields}})
    return str(job.raise_for_status().json()["id"])


def outcome(client: httpx.Client, job_id: str, until: str = "COMPLETED") -> dict[str, Any]:
    """Return the output of a job once it has a status."""
    deadline_s = time.monotonic() + 120
    while (told := client.get(f"/status/{job_id}").json())["status"] != until:
        assert time.monotonic() < deadline_s, told
        assert told["status"] in ("IN_QUEUE", "IN_PROGRESS"), told
        time.sleep(0.05)
    return dict(told.get("output") or {})


def test_a_cancelled_job_stops_speaking(server: ServerProcess) -> None:
    block = "{0}\n00:{1:02d}:{2:02d},000 --> 00:{1:02d}:{2:02d},900\nCancelled at line {0}.\n"
    text = "\n".join(block.format(n, *divmod(n, 60)) for n in range(900))
    with server.client() as client:
        job_id = queued(client, {"url_srt": text, "source_lang": "en", "mode": "replace"})
        deadline_s = time.monotonic() + 120
        while not media_programs_of(server):
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
        assert client.post(f"/cancel/{job_id}").json()["status"] == "CANCELLED"
        outcome(client, job_id, "CANCELLED")
    wait_until_quiet(server)


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({}, 400, "invalid_field"),
        ({"url_srt": SRT}, 400, "invalid_field"),
        ({"url_srt": SRT, "mode": "replace", "output": "video"}, 400, "invalid_field"),
        ({"url_srt": SRT, "mode": "replace", "voice": "nobody"}, 400, "invalid_field"),
        ({"url_srt": SRT, "mode": "replace", "target_lang": "ja"}, 400, "invalid_language"),
        ({"url_srt": SRT, "mode": "replace", "target_lang": "not-a-lang"}, 400, "invalid_language"),
        ({"url_srt": "no times", "mode": "replace"}, 400, "captions_unreadable"),
        ({"job_id": "0", "mode": "replace"}, 404, "job_not_found"),
        ({"url_srt": SRT.replace(SENTENCE, "[rain]"), "mode": "replace"}, 422, "no_speech"),
    ],
)
def test_what_cannot_be_dubbed_has_a_code(
    server: ServerProcess, fields: dict[str, str], status: int, code: str
) -> None:
    wanted = {"source_lang": "en", **fields} if "target_lang" not in fields else fields
    with server.client() as client:
        assert_error(client.post(DUB, json=wanted), status, code)
