"""The popup, and what tiers 1 and 2 ask; numbers are those of the extension's contract."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.api_requests import engine_busy_s, poll_health, stream_file
from tests.clients.conftest import AddVideo
from tests.clients.extension_client import run_extension
from tests.conftest import Speech, StartServer, read_samples, write_wav
from tests.media_server import MediaServer
from tests.server import ServerProcess
from tests.wording import word_errors

SAID = [
    "we measure the height of the river every morning",
    "the water came up very fast last night",
    "please tell the people near the bridge",
    "i will call them before the sun goes down",
    "thank you for your help with this work",
]


def transcribe(server: ServerProcess, video_id: str, tier: str = "tier2") -> Any:
    return run_extension("transcribe", base=server.url, videoId=video_id, tier=tier)


@pytest.fixture(scope="module")
def heard(
    youtube: ServerProcess,
    add_video: AddVideo,
    dialogue: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    """The dialogue a little quieter, so that no other test has had the server hear it."""
    path = tmp_path_factory.mktemp("heard") / "heard.wav"
    write_wav(path, read_samples(dialogue) * np.float32(0.9))
    return transcribe(youtube, add_video(path, "heard_video"))


@pytest.fixture(scope="module")
def loading(start_server: StartServer) -> ServerProcess:
    server = start_server(ready=False, TTS_ENABLED="false")
    server.wait_listening()
    return server


def test_22_the_popup_sees_a_server_that_still_loads(loading: ServerProcess) -> None:
    with loading.client() as client:
        assert client.get("/ping").status_code == 204, "it has loaded too fast for this test"
    told = run_extension("health", base=f"{loading.url}/")
    assert told["online"] is True
    assert told["ms"] < 15_000


def test_21_a_server_that_does_not_speak_leaves_it_to_the_browser(loading: ServerProcess) -> None:
    told = run_extension("speechStatus", base=loading.url)
    assert told["enabled"] is False
    assert "blocked" not in told
    assert loading.client().get("/health").json()["jobs"]["running"] == 0


def test_22_the_popup_sees_a_server_that_cannot_load(start_server: StartServer) -> None:
    server = start_server(ready=False, WHISPER_MODEL="/nonexistent", LOAD_FAILURE_EXIT_S="0")
    server.wait_listening()
    with server.client() as client:
        deadline = time.monotonic() + 20
        while (status := client.get("/ping").status_code) == 204 and time.monotonic() < deadline:
            time.sleep(0.05)
    assert status == 503
    assert run_extension("health", base=server.url)["online"] is False


def test_23_with_every_place_taken_the_checks_answer_at_once_and_are_never_limited(
    start_server: StartServer, long_talk: Path
) -> None:
    server = start_server(
        MAX_JOBS="2", RATE_LIMITS_ENABLED="true", RATE_LIMIT_PROCESS="3/minute", TRUSTED_PROXIES="0"
    )
    with ThreadPoolExecutor(2) as pool, server.client() as client:
        jobs = [pool.submit(stream_file, server, long_talk, prompt=str(n)) for n in range(2)]
        while client.get("/health").json()["jobs"]["running"] < 2:
            time.sleep(0.05)
        refused = [client.post("/api/process", json={}).status_code for _ in range(4)]
        assert 429 in refused, "the routes that cost are limited"
        poll_health(server, 150)
        assert client.get("/health").json()["jobs"]["running"] == 2, "the checks wait for the work"
        assert run_extension("health", base=server.url)["online"] is True
        server.stop()
        assert all(job.result().error for job in jobs)


def test_29_tier_2_gets_seconds_so_that_its_cues_fit_the_sound(heard: Any) -> None:
    assert word_errors(" ".join(SAID), " ".join(cue["text"] for cue in heard["cues"])) <= 0.03
    assert heard["cached"] is False
    starts = [cue["start"] for cue in heard["cues"]]
    assert starts == sorted(starts)
    assert abs(starts[0] - 600) < 300, "the first sentence begins after 0.6 s of silence"
    assert 14_000 < heard["cues"][-1]["end"] < 19_000
    assert "null" not in str(heard)


def test_29_the_answer_itself_is_in_seconds_and_a_second_one_comes_from_the_first(
    youtube: ServerProcess, heard: Any
) -> None:
    worked_s = engine_busy_s(youtube)
    with youtube.client() as client:
        answer = client.get("/api/transcribe?video_id=heard_video&tier=tier2")
    assert engine_busy_s(youtube) == worked_s, "it was transcribed again"
    body = answer.json()
    assert body["cached"] is True
    for segment in body["segments"]:
        assert isinstance(segment["start"], float)
        assert 0 <= segment["start"] < segment["end"] < 19
        assert segment["text"]
        assert segment.get("speaker", "") is not None


@pytest.fixture(scope="module")
def sentence(add_video: AddVideo, speech: Speech, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("sentence") / "sentence.wav"
    sound = speech.samples("The water came up very fast last night.")
    write_wav(path, sound * np.float32(0.9))
    return add_video(path, "sentence_v1")


def test_29_a_job_that_a_user_forces_is_not_answered_from_earlier_work(
    youtube: ServerProcess, sentence: str
) -> None:
    """Only `/api/transcribe` reuses what was heard; the same field elsewhere means afresh."""
    first = transcribe(youtube, sentence)
    with youtube.client() as client:
        body = {"video_id": sentence, "force_whisper": True}
        forced = client.post("/api/process", json=body).json()
    again = transcribe(youtube, sentence)
    assert len({told["jobId"] for told in (first, again)} | {forced["job_id"]}) == 3
    assert (first["cached"], again["cached"]) == (False, True)
    heard = [[cue["text"] for cue in told] for told in (first["cues"], forced["subtitles"])]
    assert [cue["text"] for cue in again["cues"]] in heard


def test_29_a_failure_has_a_status_and_a_text(
    youtube: ServerProcess, add_video: AddVideo, tmp_path: Path
) -> None:
    write_wav(tmp_path / "silence.wav", np.zeros(20 * 16_000, np.float32))
    told = transcribe(youtube, add_video(tmp_path / "silence.wav", "silent_vid1"))
    assert told == {"status": 422, "error": told["error"]}
    assert "speech" in told["error"].lower() or "silent" in told["error"].lower()


@pytest.fixture(scope="module")
def slow_page(site: MediaServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A video whose page takes a moment, and has 503 caption tracks."""
    folder = tmp_path_factory.mktemp("slow")
    captions = folder / "slow.en.vtt"
    captions.write_text("WEBVTT\n\n00:00.200 --> 00:02.900\nThe river rose.\n")
    names = ["en", *(f"es-x-{number}" for number in range(502))]
    tracks = {name: [{"ext": "vtt", "url": captions.name}] for name in names}
    page = folder / "capt_slowly.json"
    page.write_text(json.dumps({"subtitles": tracks, "waits_s": 0.6}))
    site.add(captions)
    site.add(page)
    return page.stem


def test_29_a_late_answer_begins_with_spaces_and_ends_as_one_json_value(
    start_server: StartServer, youtube_settings: dict[str, str], sentence: str, slow_page: str
) -> None:
    server = start_server(SYNC_KEEPALIVE_AFTER_S="0.2", **youtube_settings)
    with server.client() as client:
        answer = client.get("/api/subtitles", params={"video_id": slow_page})
    assert answer.text.startswith(" ")
    assert answer.json()["events"][0]["segs"][0]["utf8"] == "The river rose."
    assert [notice["code"] for notice in answer.json()["notices"]] == ["caption_tracks_left_out"]
    assert "3 caption tracks" in answer.json()["notices"][0]["message"]
    with server.client() as client:
        answer = client.get("/api/transcribe", params={"video_id": sentence, "tier": "tier2"})
    assert answer.text.startswith(" ")
    assert answer.json()["segments"]
    assert transcribe(server, sentence)["cues"], "the client reads it all the same"


@pytest.mark.parametrize(
    ("video_id", "tier", "status", "code", "text"),
    [
        ("heard_video", "tier1", 403, "upgrade_required", "tier 2"),
        ("heard_video", "tier5", 400, "invalid_request", "Invalid tier"),
        ("heard_video", "", 400, "invalid_request", "Invalid tier"),
        ("a/b", "tier2", 400, "invalid_request", "Invalid video_id format"),
        ("", "tier2", 400, "invalid_request", "video_id is required"),
    ],
)
def test_31_what_is_refused(
    youtube: ServerProcess, video_id: str, tier: str, status: int, code: str, text: str
) -> None:
    told = transcribe(youtube, video_id, tier)
    assert told["status"] == status
    assert text in told["error"]
    with youtube.client() as client:
        body = client.get("/api/transcribe", params={"video_id": video_id, "tier": tier}).json()
    assert body["code"] == code
    assert body.get("upgrade") is (True if status == 403 else None)


def test_31_tier_1_is_what_is_meant_without_a_tier(youtube: ServerProcess) -> None:
    with youtube.client() as client:
        answer = client.get("/api/transcribe?video_id=heard_video")
    assert answer.status_code == 403
    assert answer.json()["upgrade"] is True


@pytest.fixture(scope="module")
def strict(start_server: StartServer) -> ServerProcess:
    """A server that does little, and that for few."""
    server = start_server(
        ready=False,
        ENABLE_WHISPER="false",
        API_KEYS="backend-key",
        CORS_ORIGINS="https://other.example",
    )
    server.wait_listening()
    return server


def test_31_a_server_that_transcribes_nothing_says_so(strict: ServerProcess) -> None:
    ask = {"base": strict.url, "videoId": "x" * 11, "tier": "tier2"}
    assert run_extension("transcribe", **ask)["status"] == 401
    told = run_extension("transcribe", backendApiKey="backend-key", **ask)
    assert (told["status"], told["error"]) == (403, "Transcription is disabled on this server")


def test_20_a_page_that_the_server_does_not_know_is_kept_out_by_the_browser(
    strict: ServerProcess,
) -> None:
    assert run_extension("speechStatus", base=strict.url)["blocked"] is True
    assert run_extension("speak", base=strict.url, text="Hi", lang="en") == {"blocked": True}
