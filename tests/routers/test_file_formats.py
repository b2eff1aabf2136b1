"""Binary files, options and what formats cannot carry, at every door where files are asked for."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any
from urllib.parse import unquote

import pytest

from app.services.captions.parse import parse_captions
from tests.server import ServerProcess

SRT = (
    "1\n00:00:02,000 --> 00:00:04,000\nSnow ☃ fell.\n\n"
    "2\n00:00:05,000 --> 00:00:08,000\nIt stayed.\n"
)
CUES = [
    {
        "start": 2000,
        "end": 4000,
        "text": "Snow fell.",
        "translatedText": "Cayó nieve ☃.",
        "language": "en",
        "words": [
            {"text": "Snow", "start": 2000, "end": 2500},
            {"word": "fell.", "start_ms": 2600, "end_ms": 3000},
        ],
    }
]


@pytest.fixture(scope="module")
def result(server: ServerProcess) -> dict[str, Any]:
    """The result of captions with a binary file among those wanted."""
    body = {"captions": SRT, "captions_lang": "en", "formats": ["srt", "stl:30", "scc"]}
    with server.client() as client:
        answer = client.post("/api/process", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def texts(data: bytes) -> list[str]:
    return [item.text for item in parse_captions(data, None, "en", "manual").items]


def test_a_result_has_binary_files_in_base64_and_says_so(result: dict[str, Any]) -> None:
    assert list(result["formats"]) == ["srt", "stl:30", "scc"]
    assert result["formats_base64"] == ["stl:30"]
    data = b64decode(result["formats"]["stl:30"], validate=True)
    assert data[3:11] == b"STL30.01"
    assert texts(data) == ["Snow ? fell.", "It stayed."]
    messages = [n["message"] for n in result["notices"] if n["code"] == "characters_replaced"]
    assert len(messages) == 2
    assert all("☃ (U+2603)" in message for message in messages)


def test_a_job_gives_its_files_by_name_and_by_format(
    server: ServerProcess, result: dict[str, Any]
) -> None:
    job = result["job_id"]
    with server.client() as client:
        stl = client.get(f"/api/jobs/{job}/files/talk.stl")
        named = client.get(f"/api/jobs/{job}/files/talk.stl?format=stl:30")
        xml = client.get(f"/api/jobs/{job}/files/talk.xml")
        again = client.get(f"/api/jobs/{job}?formats=stl,vtt")
        refused = client.get(f"/api/jobs/{job}/files/talk.stl?format=stl:60")
        unknown = client.get(f"/api/jobs/{job}/files/talk.docx")
    assert stl.headers["content-type"] == "application/x-ebu-stl"
    assert stl.content[3:11] == b"STL25.01"
    assert named.content[3:11] == b"STL30.01"
    assert stl.headers["x-notices"] == "characters_replaced"
    assert "☃ (U+2603)" in json.loads(unquote(stl.headers["x-notice-messages"]))[0]
    assert "urn:ebu:tt:distribution" in xml.text
    assert again.json()["result"]["formats_base64"] == ["stl"]
    for answer in (refused, unknown):
        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid_format"


def test_the_query_and_the_header_ask_for_binary_files(server: ServerProcess) -> None:
    body = {"captions": SRT, "captions_lang": "en"}
    with server.client() as client:
        asked = client.post("/api/process?format=stl:open", json=body)
        accepted = client.post(
            "/api/process", json=body, headers={"Accept": "application/x-ebu-stl"}
        )
    assert asked.headers["content-type"] == "application/x-ebu-stl"
    assert asked.headers["content-disposition"].startswith(
        'attachment; filename="subtitles.open.stl"'
    )
    assert asked.content[11:12] == b"0"
    assert accepted.content[11:12] == b"1"
    assert "characters_replaced" in asked.headers["x-notices"]
    assert texts(accepted.content) == ["Snow ? fell.", "It stayed."]


def test_a_stream_and_a_queue_have_binary_files_too(server: ServerProcess) -> None:
    body = {"captions": SRT, "captions_lang": "en", "formats": "stl"}
    with server.client() as client:
        lines = client.post("/api/stream", json=body).text.splitlines()
        ran = client.post("/runsync", json={"input": body}).json()
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    (streamed,) = (event["result"] for event in events if "result" in event)
    output = ran["output"]
    last = output[-1] if isinstance(output, list) else output
    for found in (streamed, last):
        assert found["formats_base64"] == ["stl"]
        assert texts(b64decode(found["formats"]["stl"])) == ["Snow ? fell.", "It stayed."]


def test_stored_files_are_the_bytes_themselves(server: ServerProcess) -> None:
    body = {"captions": SRT, "captions_lang": "en", "formats": ["stl:30"], "store_files": True}
    with server.client() as client:
        answer = client.post("/api/process", json=body).json()
        (file,) = answer["files"]
        fetched = client.get(file["url"])
    assert "formats" not in answer
    assert "formats_base64" not in answer
    assert file["format"] == "stl:30"
    assert file["media_type"] == "application/x-ebu-stl"
    assert file["name"].endswith(".stl")
    assert fetched.content[3:11] == b"STL30.01"
    assert len(fetched.content) == file["size_bytes"]


def test_render_writes_every_kind(server: ServerProcess) -> None:
    def render(name: str) -> Any:
        return client.post("/api/render", json={"format": name, "language": "es", "cues": CUES})

    with server.client() as client:
        stl, lrc, vtt, json3 = map(render, ("stl", "lrc:words", "vtt:words:bilingual", "json3"))
        refused = render("srt:words")
    assert texts(stl.content) == ["Cayó nieve ?."]
    assert stl.headers["content-disposition"] == 'inline; filename="subtitles.stl"'
    assert lrc.headers["x-notices"] == "words_not_timed"
    assert "<lang en>Snow <00:00:02.600>fell.</lang>\nCayó nieve ☃." in vtt.text
    assert "x-notices" not in vtt.headers
    assert json3.json()["events"][0]["segs"] == [{"utf8": "Cayó nieve ☃."}]
    assert refused.json()["code"] == "invalid_format"
    assert "srt:bilingual" in refused.json()["error"]


@pytest.mark.parametrize(
    "words",
    [
        [{"text": "Rain", "start": 2000, "end": 2500}],
        [{"text": "fell.", "start": 9, "end": 10}, {"text": "Snow", "start": 1, "end": 2}],
        [{"text": "Snow", "start": 9, "end": 1}, {"text": "fell.", "start": 9, "end": 10}],
    ],
)
def test_words_that_are_not_the_texts_are_refused(
    server: ServerProcess, words: list[dict[str, Any]]
) -> None:
    body = {"format": "vtt:words", "cues": [{**CUES[0], "words": words}]}
    with server.client() as client:
        answer = client.post("/api/render", json=body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_field"
