"""Names of speakers in files at a real server: kept in files, numbered or absent in jobs' cues."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.server import ServerProcess

LINES = (("Anna", "Where do you want to go?"), ("Björn", "I would like to go home."))
VTT = "WEBVTT\n\n" + "\n\n".join(
    f"00:0{n}.000 --> 00:0{n + 2}.500\n<v {name}>{text}"
    for n, (name, text) in zip((1, 4), LINES, strict=True)
)
ASS = """[Script Info]
ScriptType: v4.00+

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
""" + "\n".join(
    f"Dialogue: 0,0:00:0{n}.00,0:00:0{n + 2}.50,Default,{name},0,0,0,,{text}"
    for n, (name, text) in zip((1, 4), LINES, strict=True)
)
TTML = (
    '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttm="http://www.w3.org/ns/ttml#metadata"'
    ' xml:lang="en"><head><metadata>'
    + "".join(
        f'<ttm:agent xml:id="p{n}"><ttm:name type="full">{name}</ttm:name></ttm:agent>'
        for n, (name, _) in enumerate(LINES)
    )
    + "</metadata></head><body><div>"
    + "".join(
        f'<p begin="{n}s" end="{n + 2.5}s" ttm:agent="p{index}">{text}</p>'
        for index, (n, (_, text)) in enumerate(zip((1, 4), LINES, strict=True))
    )
    + "</div></body></tt>"
)
CUES = [
    {"start": n * 1000, "end": n * 1000 + 2500, "text": text, "speaker": name}
    for n, (name, text) in zip((1, 4), LINES, strict=True)
]
FILES = {"vtt": VTT, "ass": ASS, "ttml": TTML, "json": json.dumps(CUES)}


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> Iterator[httpx.Client]:
    with server.client() as found:
        yield found


def relaid(client: httpx.Client, captions: object, **more: object) -> dict[str, Any]:
    body = {"captions": captions, "captions_lang": "en", "profile": "web", "formats": "vtt"}
    answer = client.post("/api/relayout", json={**body, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("captions", [*FILES.values(), CUES], ids=[*FILES, "list"])
def test_names_of_a_file_become_voices_and_labels(client: httpx.Client, captions: object) -> None:
    plain = relaid(client, captions)
    assert [cue["speaker"] for cue in plain["subtitles"]] == ["Anna", "Björn"]
    for name, text in LINES:
        assert f"<v {name}>{text[:10]}" in plain["formats"]["vtt"]
    named = relaid(client, captions, labels=True)
    texts = [" ".join(cue["text"].split()) for cue in named["subtitles"]]
    assert texts == [f"[{name}] {text}" for name, text in LINES]


def test_a_jobs_cues_have_labels_with_digits_and_its_files_have_names(
    client: httpx.Client,
) -> None:
    third = "\n\n00:08.000 --> 00:09.500\n<v Guest 3>Good night."
    body = {"captions": VTT + third, "captions_lang": "en", "formats": "vtt"}
    events: list[dict[str, Any]] = []
    with client.stream("POST", "/api/stream", json=body) as answer:
        assert answer.status_code == 200
        events.extend(
            json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")
        )
    result = next(event["result"] for event in events if "result" in event)
    streamed = [cue for event in events for cue in event.get("subtitles", [])]
    for cues in (streamed, result["subtitles"]):
        assert [cue.get("speaker", "absent") for cue in cues] == ["absent", "absent", "Guest 3"]
    for name in ("Anna", "Björn", "Guest 3"):
        assert f"<v {name}>" in result["formats"]["vtt"]
