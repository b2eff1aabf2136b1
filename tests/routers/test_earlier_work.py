"""What earlier jobs have done is used again, also by a server that was started since."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api_requests import stream_file, stream_json
from tests.conftest import Speech
from tests.media_server import MediaServer, media_server
from tests.server import Frames, ServerProcess

PLUGINS = Path(__file__).parents[1] / "clients" / "site_plugins"

VTT = """WEBVTT

00:00:01.000 --> 00:00:04.000
The water came up very fast last night.

00:00:05.000 --> 00:00:08.000
Please tell the people near the bridge.
"""

Start = Callable[[], ServerProcess]


@pytest.fixture(scope="module")
def shop() -> Iterator[MediaServer]:
    """A site of this module's own, so that its requests can be counted."""
    with media_server() as site:
        yield site


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory, shop: MediaServer) -> Iterator[Start]:
    """Start servers one after the other that share a cache; each start stops the one before."""
    cache = tmp_path_factory.mktemp("cache")
    running: list[ServerProcess] = []

    def begin() -> ServerProcess:
        while running:
            running.pop().stop()
        server = ServerProcess(
            tmp_path_factory.mktemp("server"),
            {
                "CACHE_DIR": str(cache),
                "JOB_STORE": "memory",  # else the finished job itself would answer
                "ALLOW_PRIVATE_URLS": "true",
                "PYTHONPATH": str(PLUGINS),
                "STANDIN_SITE": shop.url,
            },
        )
        running.append(server)
        server.wait_ready()
        return server

    yield begin
    while running:
        running.pop().stop()


@pytest.fixture(scope="module")
def first(start: Start, shop: MediaServer, talk: Path, folder: Path) -> dict[str, Frames]:
    """What a server that finds nothing answers."""
    server = start()
    answers = {
        "upload": stream_file(server, talk, target_lang="es"),
        "url": stream_json(server, {"url": shop.add(talk), "target_lang": "es"}),
        "page": stream_json(server, {"video_id": "page-reused", "target_lang": "es"}),
        "captions": stream_json(server, {"video_id": "capt-reused", "target_lang": "es"}),
    }
    assert server.stop() == 0
    return answers


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="module")
def talk(dialogue: Path, folder: Path, shop: MediaServer) -> Path:
    """A recording, and pages of the site that play it and that have captions."""
    path = folder / "talk.wav"
    shutil.copy(dialogue, path)
    shutil.copy(dialogue, folder / "page-reused.wav")
    pages: dict[str, dict[str, Any]] = {
        "page-reused": {"title": "A river", "duration": 17},
        "capt-reused": {
            "duration": 17,
            "subtitles": {"en": [{"ext": "vtt", "url": "capt-reused.vtt"}]},
        },
    }
    (folder / "capt-reused.vtt").write_text(VTT)
    for name, page in pages.items():
        (folder / f"{name}.json").write_text(json.dumps(page))
    for file in folder.iterdir():
        shop.add(file)
    shop.etags["talk.wav"] = '"1"'
    return path


@pytest.fixture(scope="module")
def server(first: dict[str, Frames], start: Start, shop: MediaServer) -> ServerProcess:
    """A server that was started after the first one had done its work."""
    shop.requests.clear()
    return start()


def result(frames: Frames) -> dict[str, Any]:
    assert frames.result is not None, frames.error
    return frames.result


def test_the_first_time_nothing_is_found(first: dict[str, Frames]) -> None:
    assert result(first["upload"])["cached"]["transcribe"] == 0
    assert result(first["upload"])["cached"]["translate"] == 0
    assert "transcribe" not in result(first["captions"])["cached"]
    assert result(first["captions"])["source"] == "youtube_manual"
    assert result(first["page"])["title"] == "A river"


def test_27_a_repeat_is_answered_from_the_disk(
    first: dict[str, Frames], server: ServerProcess, talk: Path
) -> None:
    again = result(stream_file(server, talk, target_lang="es"))
    assert again["cached"] == {"transcribe": 1.0, "translate": 1.0}
    assert again["subtitles"] == result(first["upload"])["subtitles"]


def test_another_language_or_line_width_hears_nothing_again(
    server: ServerProcess, talk: Path
) -> None:
    plain = result(stream_file(server, talk))
    assert plain["cached"] == {"transcribe": 1.0}
    narrow = result(stream_file(server, talk, profile="shorts", formats="srt"))
    assert narrow["cached"] == {"transcribe": 1.0}
    texts = [line for line in narrow["formats"]["srt"].splitlines() if line[:1].isalpha()]
    assert max(map(len, texts)) <= 24


def test_an_address_that_has_not_changed_is_not_fetched_again(
    first: dict[str, Frames], server: ServerProcess, shop: MediaServer, talk: Path
) -> None:
    url = f"{shop.url}/{talk.name}"
    same = result(stream_json(server, {"url": url, "target_lang": "es"}))
    assert same["cached"] == {"transcribe": 1.0, "translate": 1.0}
    assert same["subtitles"] == result(first["url"])["subtitles"]


def test_a_page_is_not_looked_at_again(
    first: dict[str, Frames], server: ServerProcess, shop: MediaServer
) -> None:
    before = len(shop.requests)
    again = result(stream_json(server, {"video_id": "page-reused", "target_lang": "es"}))
    assert again["cached"] == {"transcribe": 1.0, "translate": 1.0}
    assert again["subtitles"] == result(first["page"])["subtitles"]
    assert again["title"] == "A river"
    assert shop.requests[before:] == []


def test_captions_are_not_fetched_again(
    first: dict[str, Frames], server: ServerProcess, shop: MediaServer
) -> None:
    before = len(shop.requests)
    again = result(stream_json(server, {"video_id": "capt-reused", "target_lang": "es"}))
    assert again["subtitles"] == result(first["captions"])["subtitles"]
    assert again["source"] == "youtube_manual"
    assert again["cached"] == {"translate": 1.0}
    assert shop.requests[before:] == []


def test_forced_hearing_takes_the_download_that_is_there(
    server: ServerProcess, shop: MediaServer
) -> None:
    before = len(shop.requests)
    body = {"video_id": "page-reused", "target_lang": "es", "force_whisper": True}
    assert result(stream_json(server, body))["cached"]["transcribe"] == 0
    assert shop.requests[before:] == []
    body = {"video_id": "page-reused", "target_lang": "es", "force_refresh": True}
    assert result(stream_json(server, body))["cached"]["transcribe"] == 0
    assert [path for path in shop.requests[before:] if "page-reused" in path]


def test_27_force_whisper_and_force_refresh_do_the_work_again(
    server: ServerProcess, talk: Path
) -> None:
    for flag in ("force_whisper", "force_refresh"):
        forced = result(stream_file(server, talk, target_lang="es", **{flag: "true"}))
        assert forced["cached"]["transcribe"] == 0


def test_what_is_watched_comes_first_of_a_known_transcript_too(
    server: ServerProcess, brief_talk: Path
) -> None:
    stream_file(server, brief_talk)
    frames = stream_file(server, brief_talk, target_lang="es", position_s="60")
    assert result(frames)["cached"]["transcribe"] == 1.0
    assert 55_000 <= frames.cues[0]["start"] <= 63_000


def test_an_address_that_has_changed_is_fetched(
    server: ServerProcess, shop: MediaServer, speech: Speech, talk: Path
) -> None:
    shutil.copy(speech.wav("My parents live in a big house with a garden."), talk)
    shop.etags[talk.name] = '"2"'
    body = {"url": f"{shop.url}/{talk.name}", "target_lang": "es"}
    changed = result(stream_json(server, body))
    assert "garden" in " ".join(cue["text"] for cue in changed["subtitles"])
