"""Captions go through a server with their looks, and come out of it in every format."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.chat_server import ChatServer
from tests.conftest import StartServer
from tests.server import ServerProcess

ANSWERS = {
    "The ferry leaves at nine.": "El ferry sale a las nueve.",
    "Bring your <i>own</i> lunch.": "Traed <i>vuestra</i> comida.",
    "- Is the ferry late?\n- Only by an hour.": "- ¿Llega tarde el ferry?\n- Solo una hora.",
}
SRT = r"""1
00:00:01,000 --> 00:00:03,000
{\an8}<i>The ferry leaves at nine.</i>

2
00:00:04,000 --> 00:00:06,000
<font color="#ffff00">Bring your <i>own</i> lunch.</font>

3
00:00:07,000 --> 00:00:09,000
- Is the ferry late?
- Only by an hour.
"""


@pytest.fixture(scope="module")
def model() -> Iterator[ChatServer]:
    with ChatServer(lambda text, _: ANSWERS[text]) as server:
        yield server


@pytest.fixture(scope="module")
def captions_server(start_server: StartServer, model: ChatServer) -> ServerProcess:
    return start_server(
        ENABLE_WHISPER="false",
        LLM_PROVIDER="openai_compatible",
        SERVER_API_URL=model.url,
        SERVER_API_KEY="sk-loopback",
        SERVER_MODEL="test-model",
    )


def result(server: ServerProcess, body: Mapping[str, object]) -> dict[str, Any]:
    with server.client() as client:
        answer = client.post("/api/process", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_case_20_21_styles_and_speakers_lines_reach_every_format_translated(
    captions_server: ServerProcess,
) -> None:
    body = {
        "captions": {"text": SRT, "language": "en"},
        "target_lang": "es",
        "formats": ["srt", "vtt", "ass", "ttml", "json"],
    }
    found = result(captions_server, body)
    assert {each["code"] for each in found.get("notices", ())} <= {"cues_too_fast"}
    files = found["formats"]
    assert files["srt"].splitlines() == [
        "1",
        "00:00:01,000 --> 00:00:03,000",
        r"{\an8}<i>El ferry sale a las nueve.</i>",
        "",
        "2",
        "00:00:04,000 --> 00:00:06,000",
        (
            '<font color="#ffff00">Traed </font><font color="#ffff00"><i>vuestra</i></font>'
            '<font color="#ffff00"> comida.</font>'
        ),
        "",
        "3",
        "00:00:07,000 --> 00:00:09,000",
        "- ¿Llega tarde el ferry?",
        "- Solo una hora.",
    ]
    assert "line:0\n<i>El ferry sale a las nueve.</i>\n" in files["vtt"]
    assert r"{\an8}{\i1}El ferry sale a las nueve." in files["ass"]
    assert 'tts:fontStyle="italic">El ferry sale a las nueve.</span>' in files["ttml"]
    row = json.loads(files["json"])["cues"][1]
    assert row["styled_translation"] == [
        {"text": "Traed ", "colour": "#ffff00"},
        {"text": "vuestra", "italic": True, "colour": "#ffff00"},
        {"text": " comida.", "colour": "#ffff00"},
    ]
    cues = found["subtitles"]
    assert cues[0]["placement"] == {"anchor": 8}
    assert cues[2]["translatedText"] == "- ¿Llega tarde el ferry?\n- Solo una hora."
    assert not any(mark in json.dumps(cues) for mark in ("<", "\\\\an"))


def test_results_can_be_sent_again_with_their_looks(captions_server: ServerProcess) -> None:
    cues = result(captions_server, {"captions": SRT, "captions_lang": "en"})["subtitles"]
    again = result(captions_server, {"captions": cues, "captions_lang": "en"})["subtitles"]
    assert again == cues
    with captions_server.client() as client:
        file = client.post("/api/render", json={"cues": cues, "format": "srt"}).text
    assert r"{\an8}<i>The ferry leaves at nine.</i>" in file
    assert "- Is the ferry late?\n- Only by an hour.\n" in file


@pytest.mark.parametrize(
    ("format_name", "line"),
    [
        ("srt", "\u202bNASA שיגרה לוויין חדש.\u202c"),
        ("ass", "\u202bNASA שיגרה לוויין חדש.\u202c"),
        ("vtt", "\u200fNASA שיגרה לוויין חדש."),
        ("ttml", 'tts:direction="rtl" tts:unicodeBidi="embed"'),
    ],
)
@pytest.mark.parametrize("language", ["he", None])
@pytest.mark.parametrize("marks", [("", ""), ("\u202b", "\u202c"), ("\u200f", "\u200f")])
def test_case_44_the_language_decides_on_the_direction(
    captions_server: ServerProcess,
    format_name: str,
    line: str,
    language: str | None,
    marks: tuple[str, str],
) -> None:
    text = "NASA שיגרה לוויין חדש.".join(marks)
    cue = {"start": 0, "end": 900, "text": text}
    body = {"cues": [cue], "format": format_name, "language": language}
    with captions_server.client() as client:
        file = client.post("/api/render", json=body).text
    assert line in file
    found = [char for char in file if char in "\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2069"]
    assert len(found) == {"srt": 2, "ass": 2, "vtt": 1}.get(format_name, 0)
