"""`/api/qc`, `/api/relayout`, `/api/merge`, `/api/retime`, `/api/align` at a real server."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import srt

from app.services.render.formats import FORMATS
from tests.routers.subtitle_requests import (
    SENTENCES,
    TALK,
    VOICEMAIL,
    errors,
    file_of,
    posted,
    with_media,
)
from tests.server import ServerProcess

STYLED = """1
00:00:01,000 --> 00:00:03,000
{\\an8}<i>Where do you want to go</i>

2
00:00:03,000 --> 00:00:06,000
next year? [laughs]

3
00:00:07,000 --> 00:00:09,000
ANNA: I would like to go home.
"""


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> Iterator[httpx.Client]:
    with server.client() as found:
        yield found


def test_a_file_is_checked_in_every_form_that_it_is_sent_in(client: httpx.Client) -> None:
    text = "1\n00:00:01,000 --> 00:00:01,500\nWhere do you want to go?\n"
    reports = [
        posted(client, "/api/qc", {"captions": text, "profile": "netflix", "language": "en"}),
        client.post(
            "/api/qc",
            files={"file": ("a.srt", text.encode("utf-16"))},
            data={"profile": "netflix", "captions_lang": "en"},
        ).json(),
        posted(
            client,
            "/api/qc",
            {
                "captions": [{"start": 1000, "end": 1500, "text": "Where do you want to go?"}],
                "profile": "netflix",
                "captions_lang": "en",
            },
        ),
    ]
    for report in reports:
        assert (report["score"], report["cues"], report["profile"]) == (0.0, 1, "netflix")
        broken = {rule["rule"]: rule for rule in report["rules"] if rule["count"]}
        assert set(broken) == {"min_duration", "reading_speed"}
        assert broken["reading_speed"]["limit"] == 20.0
        assert broken["reading_speed"]["faults"] == [
            {"cue": 1, "start": 1000, "end": 1500, "value": 48.0}
        ]


def test_the_picture_is_part_of_a_check(client: httpx.Client) -> None:
    text = "1\n00:00:10,200 --> 00:00:12,000\nWhere to?\n"
    body = {"captions": text, "profile": "netflix", "frame_rate": 25, "shot_changes_ms": [10_000]}
    rules = {rule["rule"]: rule for rule in posted(client, "/api/qc", body)["rules"]}
    assert [fault["value"] for fault in rules["shot_change_start"]["faults"]] == [200]
    assert rules["gap"]["limit"] == 80


def test_a_finished_job_is_checked_and_its_result_has_the_score(client: httpx.Client) -> None:
    result = posted(client, "/api/process", {"captions": STYLED, "captions_lang": "en"})
    quality = result["quality"]
    assert set(quality) == {"profile", "score", "cues", "conforming", "broken"}
    report = posted(client, "/api/qc", {"job_id": result["job_id"]})
    assert (report["score"], report["cues"]) == (quality["score"], len(result["subtitles"]))
    stricter = posted(client, "/api/qc", {"job_id": result["job_id"], "profile": {"max_cps": 2}})
    assert stricter["score"] == 0.0
    assert errors(client, "/api/qc", {"job_id": "nothing"}) == (404, "job_not_found")


def test_a_file_is_laid_out_anew_with_its_styles_and_without_sdh(client: httpx.Client) -> None:
    body = {"captions": STYLED, "captions_lang": "en", "profile": "shorts", "formats": "srt,vtt"}
    plain = posted(client, "/api/relayout", body)
    text = " ".join(cue["text"] for cue in plain["subtitles"])
    assert text == "Where do you want to go next year? [laughs] ANNA: I would like to go home."
    assert plain["subtitles"][0]["placement"]["anchor"] == 8
    assert plain["subtitles"][0]["styled_text"][0]["italic"] is True
    assert plain["quality"]["score"] == 1.0
    assert all(
        len(line) <= 24
        for cue in srt.parse(plain["formats"]["srt"])
        for line in cue.content.split("\n")
        if "{" not in line and "<" not in line
    )
    bare = posted(client, "/api/relayout", {**body, "remove_sdh": True})
    assert "laughs" not in json.dumps(bare["subtitles"])
    assert bare["subtitles"][-1]["text"] == "I would like to go home."
    assert [notice["code"] for notice in bare["notices"]] == ["sdh_removed"]


def test_speakers_are_named_in_the_text_on_request(client: httpx.Client) -> None:
    voices = "WEBVTT\n\n" + "\n\n".join(
        f"00:0{n}.000 --> 00:0{n + 1}.500\n<v SPEAKER_0{n % 4}>I would like to go."
        for n in (1, 3, 5)
    )
    body = {"captions": voices, "captions_lang": "en", "profile": "web", "labels": True}
    found = posted(client, "/api/relayout", body)
    texts = [" ".join(cue["text"].split()) for cue in found["subtitles"]]
    assert texts == [f"[Speaker {n}] I would like to go." for n in (2, 4, 2)]
    plain = posted(client, "/api/relayout", {**body, "labels": False, "sdh": True})
    assert "[" not in plain["subtitles"][0]["text"]


def test_two_files_become_one_with_both_languages(client: httpx.Client) -> None:
    spanish = "1\n00:00:01,100 --> 00:00:05,900\n¿Adónde quieres ir el año que viene?\n"
    files = {"captions": ("en.srt", STYLED.encode()), "second": ("es.srt", spanish.encode())}
    data = {"language": "en", "second_language": "es", "formats": "srt"}
    found = client.post("/api/merge", files=files, data=data).json()
    assert (found["language"], found["second_language"]) == ("en", "es")
    assert found["subtitles"][0]["translatedText"] == "¿Adónde quieres ir el año que viene?"
    content = " ".join(cue.content for cue in srt.parse(found["formats"]["srt"]))
    for word in (*spanish.split()[4:], "laughs", "ANNA:", "home."):
        assert word in content
    assert found["matched"] == 0.5
    assert [found[key]["cues"] for key in ("quality", "second_quality")] == [2, 1]
    (notice,) = found["notices"]
    assert notice["code"] == "cues_without_counterpart"
    assert "1 of 2 cues" in notice["message"]


def test_every_format_has_both_languages_of_a_merged_file(client: httpx.Client) -> None:
    english = "1\n00:00:01,000 --> 00:00:03,500\nWhere do you go?\n"
    spanish = "1\n00:00:01,000 --> 00:00:03,500\n¿Adónde vas?\n"
    names = [*FORMATS, "vtt:regions", "srt:translation-first"]
    # The translations of this profile stand on their own in other files.
    body = {"captions": english, "second": spanish, "profile": "netflix", "formats": names}
    found = posted(client, "/api/merge", {**body, "language": "en", "second_language": "es"})
    assert list(found["formats"]) == names
    assert found["formats_base64"] == ["stl"]
    for name, text in found["formats"].items():
        if name not in {"scc", "stl"}:  # bytes of another code
            assert "Where do you go?" in text, name
            assert "¿Adónde vas?" in text, name
    assert found["formats"]["srt"].split("\n")[2:4] == ["Where do you go?", "¿Adónde vas?"]
    assert found["formats"]["srt:translation-first"].split("\n")[2] == "¿Adónde vas?"
    assert found["formats"]["vtt:regions"].count("-->") == 2


def test_text_that_is_too_fast_is_told(client: httpx.Client) -> None:
    found = posted(client, "/api/relayout", {"captions": STYLED, "profile": {"max_cps": 5}})
    (notice,) = (each for each in found["notices"] if each["code"] == "cues_too_fast")
    assert notice["message"].startswith(f"{found['quality']['broken']['reading_speed']} of ")
    assert "more than 5 characters a second" in notice["message"]


@pytest.mark.parametrize(("offset_ms", "ratio"), [(4000, 1.0), (-400, 1.0), (1500, 25 / 24)])
def test_times_are_mended_by_speech(client: httpx.Client, offset_ms: int, ratio: float) -> None:
    sent = file_of(SENTENCES, offset_ms, ratio)
    answer = with_media(client, "/api/retime", TALK, sent, formats="srt")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["sync"]["confidence"] >= 0.95
    assert found["sync"]["ratio"] == pytest.approx(1 / ratio, abs=0.002)
    starts = [cue["start"] for cue in found["subtitles"]]
    wanted = [each["start_ms"] for each in SENTENCES]
    assert max(abs(a - b) for a, b in zip(starts, wanted, strict=True)) <= 100
    assert [cue["text"] for cue in found["subtitles"]] == [each["text"] for each in SENTENCES]
    assert len(list(srt.parse(found["formats"]["srt"]))) == len(SENTENCES)


def test_times_are_mended_by_words(client: httpx.Client) -> None:
    sent = file_of(SENTENCES, 3000)
    found = with_media(client, "/api/retime", TALK, sent, method="words").json()
    assert found["sync"]["method"] == "words"
    assert abs(found["sync"]["offset_ms"] + 3000) <= 100


def test_a_scene_that_was_cut_out_gives_what_follows_an_offset_of_its_own(
    client: httpx.Client,
) -> None:
    half = len(SENTENCES) // 2
    later = [
        {**each, "start_ms": each["start_ms"] + 4000, "end_ms": each["end_ms"] + 4000}
        for each in SENTENCES[half:]
    ]
    sent = file_of([*SENTENCES[:half], *later])
    found = with_media(client, "/api/retime", TALK, sent).json()
    pieces = found["sync"]["pieces"]
    assert [(each["first"], each["last"]) for each in pieces] == [
        (1, half),
        (half + 1, len(SENTENCES)),
    ]
    starts = [cue["start"] for cue in found["subtitles"]]
    wanted = [each["start_ms"] for each in SENTENCES]
    assert max(abs(a - b) for a, b in zip(starts, wanted, strict=True)) <= 100


def test_media_in_which_nobody_speaks_is_told(client: httpx.Client, tmp_path: Path) -> None:
    silence = tmp_path / "silence.wav"
    with wave.open(str(silence), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 16_000 * 4))
    for path, captions, more in (
        ("/api/retime", file_of(SENTENCES), {}),
        ("/api/align", "", {"text": "Where do you want to go?"}),
    ):
        answer = with_media(client, path, silence, captions, **more)
        assert (answer.status_code, answer.json()["code"]) == (422, "no_speech")


def test_a_file_of_another_recording_is_refused(client: httpx.Client) -> None:
    answer = with_media(client, "/api/retime", VOICEMAIL, file_of(SENTENCES), method="speech")
    assert (answer.status_code, answer.json()["code"]) == (422, "media_mismatch")
    other = "nothing like this was ever said by any of them in the whole of the talk"
    answer = with_media(client, "/api/align", TALK, "", text=other)
    assert (answer.status_code, answer.json()["code"]) == (422, "media_mismatch")


def test_a_text_gets_its_times(client: httpx.Client) -> None:
    text = "\n".join(each["text"] for each in SENTENCES)
    answer = with_media(client, "/api/align", TALK, "", text=text, profile="netflix")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["alignment"]["confidence"] >= 0.95
    assert " ".join(cue["text"] for cue in found["subtitles"]).split() == text.split()
    begins = {cue["text"].split()[0]: cue["start"] for cue in found["subtitles"][:1]}
    assert abs(begins["Where"] - SENTENCES[0]["start_ms"]) <= 150


def test_subtitles_with_wrong_times_get_those_of_their_words(client: httpx.Client) -> None:
    wrong = [{**each, "start_ms": 0, "end_ms": 500} for each in SENTENCES]
    found = with_media(client, "/api/align", TALK, file_of(wrong)).json()
    starts = [cue["start"] for cue in found["subtitles"]]
    misses = [abs(a - s["start_ms"]) for a, s in zip(starts, SENTENCES, strict=True)]
    assert sorted(misses)[len(misses) // 2] <= 100


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("/api/qc", {}, (400, "invalid_request")),
        ("/api/qc", {"captions": "no times"}, (400, "captions_unreadable")),
        ("/api/qc", {"captions": STYLED, "profile": "none"}, (400, "invalid_profile")),
        ("/api/qc", {"captions": STYLED, "frame_rate": 0}, (400, "invalid_field")),
        ("/api/qc", {"captions": STYLED, "language": "no language"}, (400, "invalid_field")),
        ("/api/relayout", {"captions": STYLED, "formats": ["doc"]}, (400, "invalid_format")),
        ("/api/merge", {"captions": STYLED}, (400, "invalid_request")),
        ("/api/retime", {"captions": STYLED}, (400, "invalid_request")),
        ("/api/retime", {"captions": STYLED, "url": "ftp://a/b"}, (400, "url_blocked")),
        ("/api/align", {"url": "https://example.com/a.mp4"}, (400, "invalid_field")),
        ("/api/relayout", [], (400, "invalid_request")),
    ],
)
def test_what_is_wrong_is_told(
    client: httpx.Client, path: str, body: Any, error: tuple[int, str]
) -> None:
    assert errors(client, path, body) == error


def test_no_upload_is_left_behind(client: httpx.Client, server: ServerProcess) -> None:
    with_media(client, "/api/retime", TALK, "no times")
    with_media(client, "/api/retime", TALK, file_of(SENTENCES), url="https://example.com/a.mp4")
    assert list(server.folder.rglob("*.upload")) == []


def test_a_job_has_the_shot_changes_of_its_picture_also_from_the_cache(
    client: httpx.Client,
) -> None:
    films = [
        with_media(client, "/api/process", TALK, "", shot_changes="true", source_lang="en", **more)
        for more in ({}, {"profile": "bbc"})
    ]
    first, second = (answer.json() for answer in films)
    assert first["video"]["frame_rate"] > 0
    assert second["video"] == first["video"]
    assert second["cached"]["transcribe"] == 1.0
    plain = with_media(client, "/api/process", TALK, "", source_lang="en").json()
    assert "video" not in plain


def test_captions_of_a_job_lose_what_is_for_the_deaf(client: httpx.Client) -> None:
    body = {"captions": STYLED, "captions_lang": "en", "remove_sdh": True}
    found = posted(client, "/api/process", body)
    text = " ".join(cue["text"] for cue in found["subtitles"])
    assert text == "Where do you want to go next year? I would like to go home."
    assert [notice["code"] for notice in found["notices"]] == ["sdh_removed"]
