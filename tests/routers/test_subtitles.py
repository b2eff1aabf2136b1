"""`/api/subtitles` against a stand-in for YouTube; numbers are the contract's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import youtube_settings
from tests.clients.extension_client import run_extension
from tests.conftest import StartServer
from tests.media_server import MediaServer
from tests.server import ServerProcess

__all__ = ["youtube_settings"]

VTT = (
    "WEBVTT\n\n00:01.000 --> 00:02.500\n<i>The river</i>\nrose.\n\n00:03.000 --> 00:04.000\nFast.\n"
)
LANGUAGES = ["da", "de", "es", "fr", "it", "nl", "pt", "sv"]
ROLLING = """\
WEBVTT

00:00:01.000 --> 00:00:03.000
the<00:00:01.500><c> river</c>

00:00:03.000 --> 00:00:03.010
the river

00:00:03.010 --> 00:00:05.000
the river
rose<00:00:03.500><c> fast</c>
"""

Publish = Callable[..., str]


@pytest.fixture(scope="module")
def server(start_server: StartServer, youtube_settings: dict[str, str]) -> ServerProcess:
    return start_server(**youtube_settings, API_KEYS="backend-key", FETCH_READ_S="3")


@pytest.fixture
def publish(site: MediaServer, tmp_path: Path) -> Publish:
    """Put a page on the stand-in; each track is `kind.language.ext` with its text, if it exists."""

    def make(video_id: str, **tracks: str | None) -> str:
        page: dict[str, dict[str, list[dict[str, str]]]] = {}
        for name, text in tracks.items():
            kind, language, ext = name.split("__")
            kinds = {"manual": "subtitles", "auto": "automatic_captions"}
            file = f"{video_id}.{kind}.{language}.{ext}"
            entry = {"ext": ext, "url": file if text else "status/429"}
            page.setdefault(kinds[kind], {})[language.replace("_", "-")] = [entry]
            if text:
                (tmp_path / file).write_text(text)
                site.add(tmp_path / file)
        (tmp_path / f"{video_id}.json").write_text(json.dumps(page))
        site.add(tmp_path / f"{video_id}.json")
        return video_id

    return make


def ask(server: ServerProcess, **query: str) -> Any:
    with server.client(headers={"X-API-Key": "backend-key"}) as client:
        return client.get("/api/subtitles", params=query)


def test_30_webvtt_comes_as_json3_and_the_site_is_asked_once(
    server: ServerProcess, publish: Publish, site: MediaServer
) -> None:
    video_id = publish("capt_vtt_01", manual__en__vtt=VTT, auto__en__vtt=ROLLING)
    answer = ask(server, video_id=video_id, tier="tier1")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "events": [
            {"tStartMs": 1000, "dDurationMs": 1500, "segs": [{"utf8": "The river rose."}]},
            {"tStartMs": 3000, "dDurationMs": 1000, "segs": [{"utf8": "Fast."}]},
        ]
    }
    asked = list(site.requests)
    assert ask(server, video_id=video_id, tier="tier4").json() == answer.json()
    assert site.requests == asked


def test_30_the_extension_reads_rolling_captions_as_lines_that_are_said_once(
    server: ServerProcess, publish: Publish
) -> None:
    video_id = publish("capt_auto_1", auto__en__vtt=ROLLING)
    told = run_extension(
        "subtitles",
        base=f"{server.url}/",
        videoId=video_id,
        tier="tier1",
        backendApiKey="backend-key",
    )
    assert told["cues"] == [
        {"start": 1000, "end": 3000, "text": "the river"},
        {"start": 3010, "end": 5000, "text": "rose fast"},
    ]


def test_what_is_damaged_in_a_sites_captions_is_told(
    server: ServerProcess, publish: Publish
) -> None:
    damaged = VTT.replace("00:03.000 -->", "00:03.000 ->") + "\nxx:xx.xxx --> xx:xx.xxx\nlost\n"
    body = ask(server, video_id=publish("capt_damage", manual__en__vtt=damaged)).json()
    assert [event["tStartMs"] for event in body["events"]] == [1000, 3000]
    codes = [notice["code"] for notice in body["notices"]]
    assert codes == ["caption_lines_repaired", "caption_lines_unusable"]


def test_30_another_language_than_the_one_that_was_asked_for_is_told(
    server: ServerProcess, publish: Publish
) -> None:
    video_id = publish("capt_other1", manual__en_GB__srt="1\n0:0:1,0 --> 0:0:2,0\nHi.\n")
    answer = ask(server, video_id=video_id, lang="pt_BR").json()
    assert answer["events"][0]["segs"] == [{"utf8": "Hi."}]
    meta = answer["_metadata"]
    assert meta.pop("warning")
    assert meta == {
        "requested_language": "pt-BR",
        "actual_language": "en-GB",
        "used_fallback": True,
    }
    assert "_metadata" not in ask(server, video_id=video_id, lang="EN_us").json()


def test_30_without_captions_a_404_names_what_there_is(
    server: ServerProcess, publish: Publish
) -> None:
    tracks: dict[str, str] = {
        f"manual__{tag}__vtt": VTT for tag in ["de", "fr", "it", "es", "pt", "nl", "sv", "da"]
    }
    video_id = publish("capt_none_1", auto__ja__vtt=ROLLING, **tracks)
    answer = ask(server, video_id=video_id, lang="ko")
    body = answer.json()
    assert answer.status_code == 404
    assert body["code"] == "no_captions"
    assert isinstance(body["error"], str)
    assert sorted(body["available_manual"]) == LANGUAGES
    assert body["available_auto"] == ["ja"]
    bare = ask(server, video_id=publish("capt_bare_1"))
    assert bare.status_code == 404
    assert bare.json()["available_manual"] == []


def test_30_what_the_site_refuses_may_be_tried_again(
    server: ServerProcess, publish: Publish
) -> None:
    limited = ask(server, video_id=publish("capt_429_01", manual__en__vtt=None))
    assert limited.status_code == 429
    assert limited.json()["retry"] is True
    broken = ask(server, video_id=publish("capt_html_1", manual__en__vtt="<html>Sorry</html>"))
    assert broken.status_code == 502
    assert broken.json()["retry"] is True
    assert isinstance(broken.json()["error"], str)


_ADVICE = ": write its code, such as es, pt-BR or zh-TW"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({}, "video_id is required"),
        ({"video_id": "a/b"}, "Invalid video_id format"),
        ({"video_id": "too-short"}, "Invalid video_id format"),
        ({"video_id": "capt_vtt_01", "lang": "xx"}, f"Invalid language code 'xx'{_ADVICE}"),
        ({"video_id": "capt_vtt_01", "lang": ""}, f"Invalid language code ''{_ADVICE}"),
    ],
)
def test_a_bad_question_is_told_so(server: ServerProcess, query: dict[str, str], text: str) -> None:
    answer = ask(server, **query)
    assert answer.status_code == 400
    assert answer.json()["error"] == text


def test_the_key_is_wanted_here_too(server: ServerProcess) -> None:
    with server.client() as client:
        assert client.get("/api/subtitles?video_id=capt_vtt_01").status_code == 401


def test_28_captions_by_people_in_the_target_language_are_the_result(
    server: ServerProcess, publish: Publish, site: MediaServer
) -> None:
    """There is no recording to hear: the stand-in has no sound for this video."""
    video_id = publish("capt_direct", manual__en_GB__vtt=VTT, auto__de__vtt=ROLLING)
    body = {"video_id": video_id, "target_lang": "EN_us", "force_whisper": True}
    with server.client(headers={"X-API-Key": "backend-key"}) as client:
        result = client.post("/api/process", json=body).json()
    assert result["source"] == "youtube_direct"
    assert result["translated"] is False
    assert [(c["start"], c["end"], c["translatedText"]) for c in result["subtitles"]] == [
        (1000, 2500, "The river rose."),
        (3000, 4000, "Fast."),
    ]
