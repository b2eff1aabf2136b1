"""The extension behind a language model that is slow, wrong or refuses; numbers are the contract's.

Captions stand in for the recording, so that many lines wait for the model at a time.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chat_behaviours import fine, refuses_key, status
from tests.chat_server import ChatServer
from tests.clients.extension_client import run_extension
from tests.conftest import StartServer
from tests.media_server import MediaServer
from tests.server import ServerProcess

LINES = 120

AddCaptions = Callable[[str], str]


@pytest.fixture(scope="module")
def model() -> Iterator[ChatServer]:
    with ChatServer() as running:
        yield running


@pytest.fixture(scope="module")
def server(
    start_server: StartServer, youtube_settings: dict[str, str], model: ChatServer
) -> ServerProcess:
    return start_server(
        **youtube_settings,
        TRANSLATION_PROVIDER="openai",
        SERVER_API_URL=model.url,
        SERVER_API_KEY="sk-secret-key",
        SERVER_MODEL="test-model",
    )


@pytest.fixture
def add_captions(site: MediaServer, tmp_path: Path) -> AddCaptions:
    """Put a video with English captions on the stand-in; return its id."""

    def add(video_id: str) -> str:
        rows = [
            f"{stamp(n * 3)} --> {stamp(n * 3 + 2)}\nBridge {n} of {video_id} is closed today.\n"
            for n in range(LINES)
        ]
        (tmp_path / f"{video_id}.vtt").write_text("WEBVTT\n\n" + "\n".join(rows))
        tracks = {"en": [{"ext": "vtt", "url": f"{video_id}.vtt"}]}
        (tmp_path / f"{video_id}.json").write_text(json.dumps({"subtitles": tracks}))
        for file in tmp_path.iterdir():
            site.add(file)
        return video_id

    return add


def stamp(seconds: int) -> str:
    return f"{seconds // 60:02}:{seconds % 60:02}.000"


def watch(server: ServerProcess, tier: int, video_id: str, target: str) -> Any:
    body = {"video_id": video_id, "target_lang": target, "force_whisper": False}
    return run_extension(f"tier{tier}", base=server.url, body=body)


def test_08_and_09_batches_count_up_though_the_first_lines_are_translated_last(
    server: ServerProcess, model: ChatServer, add_captions: AddCaptions
) -> None:
    model.script(status(500), status(500))
    told = watch(server, 4, add_captions("capt_order1"), "es")
    batches = told["batches"]
    assert len(model.calls) > 4, "there was nothing to overtake"
    assert [b["index"] for b in batches] == list(range(1, len(batches) + 1))
    assert all(b["total"] >= b["index"] for b in batches)
    totals = [b["total"] for b in batches]
    assert totals == sorted(totals)
    streamed = [cue for batch in batches for cue in batch["subtitles"]]
    assert streamed == told["result"]
    assert len({cue["start"] for cue in streamed}) == len(streamed)
    numbers = [re.findall(r"\d+", cue["text"])[0] for cue in told["result"]]
    assert numbers == [str(n) for n in range(LINES)], "none lost, none twice"
    for number, cue in zip(numbers, told["result"], strict=True):
        assert number in re.findall(r"\d+", cue["translatedText"])
        assert cue["translatedText"].startswith("[es]")


@pytest.mark.parametrize("tier", [3, 4])
def test_14_a_refused_key_is_shown_after_few_calls_and_nothing_is_kept(
    server: ServerProcess, model: ChatServer, add_captions: AddCaptions, tier: int
) -> None:
    video_id = add_captions(f"capt_refus{tier}")
    before = len(model.calls)
    model.behaviour = refuses_key()
    try:
        told = watch(server, tier, video_id, "de")
    finally:
        model.behaviour = fine
    assert "result" not in told
    assert "key" in (told["error"] + str(told["progress"][-1:])).lower()
    assert "sk-secret-key" not in str(told)
    assert len(model.calls) - before <= 8
    again = watch(server, tier, video_id, "de")
    assert len(again["result"]) >= LINES / 2, "what failed was remembered"
