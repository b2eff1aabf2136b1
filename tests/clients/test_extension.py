"""The extension's client, run by Node against the real server; numbers are its contract's."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import StartServer, write_wav
from tests.media_server import MediaServer
from tests.server import ServerProcess

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def youtube(start_server: StartServer, site: MediaServer) -> ServerProcess:
    """A server whose yt-dlp finds YouTube's stand-in."""
    return start_server(
        ALLOW_PRIVATE_URLS="true",
        PYTHONPATH=str(HERE / "site_plugins"),
        STANDIN_SITE=site.url,
        COMMENT_S="0.4",
        HEARTBEAT_S="0.8",
        FETCH_READ_S="3",
    )


def video(site: MediaServer, folder: Path, source: Path, video_id: str) -> str:
    path = folder / f"{video_id}.wav"
    path.write_bytes(source.read_bytes())
    site.add(path)
    return video_id


def ask(server: ServerProcess, tier: int, **body: Any) -> dict[str, Any]:
    base = f"{server.url}/" if tier == 4 else server.url
    command = ["node", str(HERE / "extension.mjs"), str(tier), base, json.dumps(body)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    assert "unreadable" not in told
    return told


def test_01_tier_3_resolves_with_the_result(
    youtube: ServerProcess, site: MediaServer, dialogue: Path, tmp_path: Path
) -> None:
    video_id = video(site, tmp_path, dialogue, "talk_tier_3")
    told = ask(youtube, 3, video_id=video_id, target_lang="es", force_whisper=False)
    assert [cue for cue in told["result"] if "agua" in cue["translatedText"]]
    assert {p["stage"] for p in told["progress"]} >= {"checking", "transcribing", "complete"}


def test_02_tier_4_gets_every_batch_once_then_the_result_behind_a_base_with_a_slash(
    youtube: ServerProcess, site: MediaServer, dialogue: Path, tmp_path: Path
) -> None:
    video_id = video(site, tmp_path, dialogue, "talk-tier-4")
    told = ask(youtube, 4, video_id=video_id, target_lang="es", force_whisper=False)
    assert [b["index"] for b in told["batches"]] == list(range(1, len(told["batches"]) + 1))
    assert [c for b in told["batches"] for c in b["subtitles"]] == told["result"]
    assert "incomplete" not in told


def test_05_comments_and_signs_of_life_between_events_break_nothing(
    youtube: ServerProcess, site: MediaServer, long_talk: Path
) -> None:
    for tier in (3, 4):
        url = site.add(long_talk).replace(long_talk.name, f"stall/{long_talk.name}")
        told = ask(
            youtube, tier, video_id="generic", video_url=url, target_lang="es", force_whisper=True
        )
        assert told["comments"] >= 1
        assert any("(" in p["message"] for p in told["progress"])


def test_11_no_speech_is_an_error_and_never_an_empty_list(
    youtube: ServerProcess, site: MediaServer, tmp_path: Path
) -> None:
    noise = tmp_path / "noise_video.wav"
    write_wav(noise, np.random.default_rng(1).normal(0, 0.02, 160_000).astype(np.float32))
    site.add(noise)
    for tier in (3, 4):
        told = ask(youtube, tier, video_id="noise_video", target_lang="es", force_whisper=False)
        assert "result" not in told
        assert told["error"]
    assert told["error"] == "No speech was found"


def test_12_a_bad_language_or_id_is_shown_as_the_server_words_it(youtube: ServerProcess) -> None:
    for tier in (3, 4):
        assert ask(youtube, tier, video_id="x" * 11, target_lang="xx")["error"] == (
            "Invalid target language"
        )
        assert ask(youtube, tier, video_id="?", target_lang="es")["error"] == (
            "Invalid video_id format"
        )


def test_13_a_failure_in_mid_stream_is_told(
    youtube: ServerProcess, site: MediaServer, long_talk: Path
) -> None:
    url = site.add(long_talk).replace(long_talk.name, f"stall/{long_talk.name}")
    body = {"video_id": "generic", "video_url": url, "target_lang": "es", "force_whisper": True}
    tier4 = ask(youtube, 4, **body)
    assert tier4["error"]
    assert "result" not in tier4, "what came so far must not be kept as complete"
    tier3 = ask(youtube, 3, **body)
    assert tier3["error"] == "Stream ended without result"
    assert tier3["progress"][-1]["message"] == tier4["error"]


def test_a_private_video_is_told_as_such(youtube: ServerProcess) -> None:
    for tier in (3, 4):
        told = ask(youtube, tier, video_id="private_vid", target_lang="es")
        shown = told["error"] + str(told["progress"][-1:])
        assert "private" in shown.lower()


def test_19_a_key_in_the_bearer_header_opens_tier_3_and_4(
    start_server: StartServer, site: MediaServer, dialogue: Path
) -> None:
    server = start_server(ALLOW_PRIVATE_URLS="true", API_KEYS="backend-key")
    body = json.dumps({"video_id": "generic", "video_url": site.add(dialogue)})
    for tier in ("3", "4"):
        command = ["node", str(HERE / "extension.mjs"), tier, server.url, body]
        refused = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        assert refused["status"] == 401
        opened = subprocess.run([*command, "backend-key"], capture_output=True, check=True)
        assert json.loads(opened.stdout)["result"]
