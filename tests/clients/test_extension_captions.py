"""Videos that have captions, and when those count; numbers are the extension's contract's."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import AddVideo
from tests.clients.extension_client import run_extension
from tests.conftest import Speech
from tests.media_server import MediaServer
from tests.server import ServerProcess

SPANISH = "WEBVTT\n\n00:00.200 --> 00:01.900\nEl agua subió.\n\n00:02.000 --> 00:03.000\nRápido.\n"
ENGLISH = "WEBVTT\n\n00:00.200 --> 00:02.900\nA caption that nobody says.\n"


@pytest.fixture(scope="module")
def captioned(
    site: MediaServer,
    add_video: AddVideo,
    speech: Speech,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """A video of one sentence with captions by people in two languages."""
    folder = tmp_path_factory.mktemp("captions")
    page: dict[str, Any] = {}
    for language, text in (("es", SPANISH), ("en", ENGLISH)):
        file = folder / f"captioned.{language}.vtt"
        file.write_text(text)
        site.add(file)
        page[language] = [{"ext": "vtt", "url": file.name}]
    (folder / "capt_people.json").write_text(json.dumps({"subtitles": page}))
    site.add(folder / "capt_people.json")
    return add_video(speech.wav("The water came up very fast last night."), "capt_people")


@pytest.mark.parametrize("force_whisper", [False, True])
@pytest.mark.parametrize("tier", [3, 4])
def test_28_captions_by_people_in_the_target_language_are_shown_as_they_are(
    youtube: ServerProcess, captioned: str, tier: int, force_whisper: bool
) -> None:
    body = {"video_id": captioned, "target_lang": "es_419", "force_whisper": force_whisper}
    told = run_extension(f"tier{tier}", base=youtube.url, body=body)
    assert [cue["translatedText"] for cue in told["result"]] == ["El agua subió.", "Rápido."]
    with youtube.client() as client:
        plain = client.post("/api/process", json=body).json()
    assert (plain["source"], plain["translated"]) == ("youtube_direct", False)
    assert all(cue["translatedText"] == cue["text"] for cue in plain["subtitles"])


def test_29_captions_never_answer_a_request_for_a_transcript(
    youtube: ServerProcess, captioned: str
) -> None:
    fetched = run_extension("subtitles", base=youtube.url, videoId=captioned, tier="tier2")
    assert [cue["text"] for cue in fetched["cues"]] == ["A caption that nobody says."]
    heard = run_extension("transcribe", base=youtube.url, videoId=captioned, tier="tier2")
    assert "water" in " ".join(cue["text"] for cue in heard["cues"])


def test_30_a_video_without_captions_says_so(
    youtube: ServerProcess, site: MediaServer, tmp_path: Path
) -> None:
    page = tmp_path / "capt_no_one.json"
    page.write_text("{}")
    site.add(page)
    told = run_extension("subtitles", base=youtube.url, videoId="capt_no_one", tier="tier1")
    assert told["status"] == 404
    assert "captions" in told["error"]
