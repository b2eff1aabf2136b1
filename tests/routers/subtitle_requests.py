"""Requests for work on subtitle files, and a recording whose sentences are known."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.server import ROOT

TALK = ROOT / "fixtures/talk/two-voices.mp4"
SENTENCES: list[dict[str, Any]] = json.loads(TALK.with_suffix(".json").read_text())["sentences"]
VOICEMAIL = ROOT / "samples/voicemail.mp4"


def file_of(sentences: Sequence[Mapping[str, Any]], offset_ms: int = 0, ratio: float = 1.0) -> str:
    return "\n".join(
        f"{number}\n{clock(each['start_ms'] * ratio + offset_ms)} --> "
        f"{clock(each['end_ms'] * ratio + offset_ms)}\n{each['text']}\n"
        for number, each in enumerate(sentences, start=1)
    )


def clock(ms: float) -> str:
    whole = round(ms)
    return f"00:{whole // 60_000:02}:{whole // 1000 % 60:02},{whole % 1000:03}"


def posted(client: httpx.Client, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def errors(client: httpx.Client, path: str, body: Mapping[str, Any]) -> tuple[int, str]:
    answer = client.post(path, json=body)
    return answer.status_code, answer.json()["code"]


def with_media(
    client: httpx.Client, path: str, media: Path, captions: str, **fields: str
) -> httpx.Response:
    files: dict[str, Any] = {"file": (media.name, media.read_bytes())}
    if captions:
        files["captions"] = ("talk.srt", captions.encode())
    return client.post(path, files=files, data=fields)
