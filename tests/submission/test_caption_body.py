"""Captions that a client sends instead of media, through the real server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import BadRequestError, InvalidFieldError
from app.domain.request import SentCaptions, SiteVideo
from app.services.captions.parse import parse_captions
from app.submission.subtitle_body import SubtitleBody
from tests.api_requests import post_file, stream_json
from tests.server import ServerProcess

SRT = """\
1
00:00:01,000 --> 00:00:02,500
The water came up.

2
00:00:03,000 --> 00:00:04,000
Thank you for your help.
"""
CUES = [
    {"start": 1000, "end": 2500, "text": "The water came up."},
    {"start": 3000.4, "end": 4000, "text": "Thank you for\nyour help.", "speaker": "SPEAKER_01"},
]
SHOWN = [(1000, 2500, "The water came up."), (3000, 4000, "Thank you for your help.")]


def source(**body: Any) -> Any:
    return SubtitleBody.model_validate(body).job_request(None).source


def shown(cues: list[dict[str, Any]]) -> list[tuple[int, int, str]]:
    return [(cue["start"], cue["end"], cue["text"]) for cue in cues]


@pytest.mark.parametrize(
    ("body", "language", "automatic"),
    [
        ({"captions": SRT}, None, False),
        ({"captions": SRT, "captions_lang": "PT_br"}, "pt-BR", False),
        ({"captions": SRT, "captions_lang": "auto", "source_lang": "de"}, "de", False),
        ({"captions": {"text": SRT, "language": "en", "automatic": True}}, "en", True),
        ({"captions": {"text": SRT}, "captions_lang": "fr"}, "fr", False),
    ],
)
def test_a_files_text_comes_bare_or_with_what_is_known_about_it(
    body: dict[str, Any], language: str | None, automatic: bool
) -> None:
    assert source(**body) == SentCaptions(SRT, language, automatic)


def test_a_list_of_cues_is_one_text_whatever_else_they_hold() -> None:
    sent = source(captions=CUES, captions_lang="en", video_id="dQw4w9WgXcQ")
    more = [{**cue, "translatedText": "x", "id": 5} for cue in CUES]
    assert source(captions=more, captions_lang="en") == sent
    captions = parse_captions(sent.text.encode(), None, "en", "manual")
    assert [(c.span.start_ms, c.span.end_ms, c.text) for c in captions.items] == SHOWN
    assert captions.items[1].speaker == "SPEAKER_01"


@pytest.mark.parametrize("nothing", [None, "", []])
def test_no_captions_leave_the_video(nothing: object) -> None:
    video = source(captions=nothing, video_id="dQw4w9WgXcQ")
    assert isinstance(video, SiteVideo)
    with pytest.raises(BadRequestError, match="video_id is required"):
        source(captions=nothing)


def test_half_a_character_is_no_trouble() -> None:
    source(captions=json.loads(r'"WEBVTT\n\n00:01.000 --> 00:02.000\n\ud800x"')).text.encode()


def test_an_id_beside_captions_is_checked_all_the_same() -> None:
    with pytest.raises(BadRequestError, match="Invalid video_id format"):
        source(captions=SRT, video_id="a/b")
    with pytest.raises(InvalidFieldError, match="language of the captions"):
        source(captions=SRT, captions_lang="xx")


def test_captions_that_are_sent_become_cues_and_are_translated(server: ServerProcess) -> None:
    told = stream_json(server, {"captions": SRT, "captions_lang": "en", "target_lang": "es"})
    result = told.result
    assert result is not None
    assert shown(result["subtitles"]) == SHOWN
    assert result["source"] == "client_captions"
    assert result["translated"] is True
    assert "agua" in result["subtitles"][0]["translatedText"]


def test_28_captions_in_the_target_language_stay_as_they_are(server: ServerProcess) -> None:
    with server.client() as client:
        body = {"captions": CUES, "captions_lang": "en-GB", "target_lang": "en"}
        result = client.post("/api/process", json=body).json()
    assert result["translated"] is False
    assert shown(result["subtitles"]) == SHOWN
    assert [cue["translatedText"] for cue in result["subtitles"]] == [text for *_, text in SHOWN]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_caption_file_counts_as_captions_in_an_upload(
    server: ServerProcess, tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "talk.srt"
    path.write_bytes(SRT.encode(encoding))
    result = post_file(server, path, captions_lang="en").json()
    assert shown(result["subtitles"]) == SHOWN
    assert result["source"] == "client_captions"
    with server.client() as client, path.open("rb") as file:
        alone = client.post("/api/process", files={"captions": ("talk.srt", file)}).json()
    assert shown(alone["subtitles"]) == SHOWN


def test_what_cannot_be_read_is_told_by_its_code(server: ServerProcess, tmp_path: Path) -> None:
    path = tmp_path / "talk.vtt"
    path.write_text("WEBVTT\n\n")
    with server.client() as client:
        answers = [
            post_file(server, path),
            client.post("/api/process", json={"captions": "no captions at all"}),
            client.post("/api/stream", json={"captions": {"text": '{"events": []}'}}),
        ]
        for answer in answers:
            assert answer.status_code == 400, answer.text
            assert answer.json()["code"] == "captions_unreadable"
        for wrong in (7, {"language": "en"}, [{"start": -1, "end": 2, "text": "x"}], [["x"]]):
            answer = client.post("/api/process", json={"captions": wrong})
            assert answer.status_code == 400, answer.text
            assert answer.json()["code"] == "invalid_field"
            assert "captions" in answer.json()["error"]
        path.write_text(SRT)
        both = post_file(server, path, captions=SRT)
    assert both.status_code == 400


DAMAGED = SRT.replace("00:00:03,000 -->", "00：00：03，000 ->")
LOST = "1\nxx:xx:xx,xxx --> xx:xx:xx,xxx\nThe water came up.\n"


def notices(result: dict[str, Any]) -> dict[str, str]:
    return {notice["code"]: notice["message"] for notice in result.get("notices", [])}


def test_case_11_damage_is_repaired_and_told_whatever_way_it_comes(
    server: ServerProcess, tmp_path: Path
) -> None:
    path = tmp_path / "talk.srt"
    path.write_text(DAMAGED)
    with server.client() as client:
        sent = client.post("/api/process", json={"captions": DAMAGED, "captions_lang": "en"}).json()
        unnamed = client.post(
            "/api/process",
            data={"captions_lang": "en"},
            files={"file": ("upload.bin", DAMAGED.encode(), "application/octet-stream")},
        ).json()
    streamed = stream_json(server, {"captions": DAMAGED, "captions_lang": "en"}).result
    assert streamed is not None
    for result in (post_file(server, path, captions_lang="en").json(), sent, unnamed, streamed):
        assert shown(result["subtitles"]) == SHOWN
        assert "line 6" in notices(result)["caption_lines_repaired"]


def test_a_sound_file_has_no_notices(server: ServerProcess) -> None:
    with server.client() as client:
        result = client.post("/api/process", json={"captions": SRT, "captions_lang": "en"}).json()
    assert notices(result) == {}


@pytest.mark.parametrize(
    ("name", "media_type", "data", "reason"),
    [
        ("talk.srt", "application/octet-stream", LOST.encode(), "lines 2 to 3"),
        ("talk.vtt", "text/vtt", b"WEBVTT\n\nsoon --> later\nx\n", "lines 3 to 4"),
        ("talk.srt", "video/mp4", b"", "empty"),
        ("talk.ass", "", b"no script\n", "begins with 'no script'"),
        ("talk.ttml", "", b"\x00\x01\x02\x03" * 99, "Not a caption file"),
        ("talk.dfxp", "", b"<tt><body><p begin='1s'>", "XML"),
        ("talk.sbv", "", b"hello\n", "begins with 'hello'"),
        ("talk.sub", "", b"{25}{50}Hello\n{60}{70}you\n", "frame rate"),
        ("talk.sub", "", b"\x00\x00\x01\xba" + bytes(99), "VobSub"),
        ("talk.lrc", "", b"la la la\n", "begins with 'la la la'"),
        ("talk.smi", "", b"<SAMI><BODY>", "SAMI"),
        ("talk.stl", "", b"850STL25.01", "EBU STL file ends"),
        ("talk.mcc", "", b"File Format=MacCaption_MCC V1.0", "MacCaption"),
        ("talk.txt", "", b"We leave at nine.\n", "begins with 'We leave at nine.'"),
        ("talk", "application/x-subrip", b"\x07\x08\x09", "Not a caption file"),
        ("talk", "text/plain; charset=utf-8", b"We leave at nine.\n", "begins with"),
        ("talk.srt", "", b"PK\x03\x04" + bytes(99), "ZIP"),
    ],
)
def test_case_11_a_caption_file_is_never_called_bad_media(
    server: ServerProcess, name: str, media_type: str, data: bytes, reason: str
) -> None:
    with server.client() as client:
        kind = media_type or "application/octet-stream"
        answer = client.post("/api/process", files={"file": (name, data, kind)})
    assert (answer.status_code, answer.json()["code"]) == (400, "captions_unreadable"), answer.text
    assert reason in answer.json()["error"]
