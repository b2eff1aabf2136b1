"""Requests of chat front-ends and applications; numbers are those of the clients' contract."""

from __future__ import annotations

import asyncio
import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np

from tests.audio_engines import speech_like
from tests.clients.openai_calls import (
    TEXT,
    node,
    post,
)
from tests.routers.test_parakeet_contract import QUIET, TALK, wav
from tests.server import ServerProcess


def test_38_open_webui_s_chunked_form(openai_worker: ServerProcess) -> None:

    async def send(language: str | None) -> tuple[int, Any]:
        form = aiohttp.FormData()
        form.add_field("model", "")
        if language:
            form.add_field("language", language)
        form.add_field(
            "file", io.BytesIO(TALK), filename="a.wav", content_type="application/octet-stream"
        )
        async with aiohttp.ClientSession() as session:
            url = f"{openai_worker.url}/v1/audio/transcriptions"
            async with session.post(url, data=form, chunked=True) as answer:
                return answer.status, await answer.json()

    status, bad = asyncio.run(send("klingonese"))
    assert status == 400
    assert bad["error"]["message"]
    status, good = asyncio.run(send(None))
    assert (status, good["text"]) == (200, TEXT)


def test_39_parallel_chunks_all_succeed(openai_worker: ServerProcess) -> None:
    pieces = [
        wav(
            np.concatenate(
                [np.zeros(1600 * n, np.float32), speech_like((0, 0.5), (QUIET, 1.5), (0, 1.0))]
            )
        )
        for n in range(10)
    ]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda data: post(openai_worker, data), pieces))
    assert [answer.status_code for answer in answers] == [200] * 10


def test_41_librechat_s_form(openai_worker: ServerProcess, tmp_path: Path) -> None:
    [line] = node(openai_worker, tmp_path, "librechat")
    assert line["value"]["text"] == TEXT


def test_42_subtitle_edit_without_stream(openai_worker: ServerProcess) -> None:
    fields = {"timestamp_granularities[]": ["word", "segment"], "response_format": "verbose_json"}
    for segment in post(openai_worker, model="whisper-1", **fields).json()["segments"]:
        assert type(segment["id"]) is int
        assert all(isinstance(segment[name], int | float) for name in ("seek", "start", "end"))
        assert isinstance(segment["text"], str)
    with openai_worker.client() as client:
        assert client.head("/").status_code < 500


def test_43_subtitle_edit_s_stream(openai_worker: ServerProcess) -> None:
    for kind in ("json", "diarized_json"):
        frames = post(openai_worker, stream="true", response_format=kind).text.strip().split("\n\n")
        frames = [frame for frame in frames if not frame.startswith(":")]
        assert all(frame.startswith("event: transcript.text.") for frame in frames)
        data = [json.loads(frame.partition("data: ")[2]) for frame in frames]
        assert not any("segment_id" in each for each in data)
        assert [type(each["id"]) for each in data[-1]["segments"]] == [int] * 3
        assert all(each["start"] < each["end"] for each in data[-1]["segments"])
        nested = [each["segment"] for each in data if each["type"] == "transcript.text.segment"]
        assert [each["id"] for each in nested] == ([0, 1, 2] if kind == "diarized_json" else [])


def test_46_pages_of_other_origins_may_call(openai_locked: ServerProcess) -> None:
    origin = {"Origin": "app://obsidian.md"}
    asked = {
        **origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    with openai_locked.client() as client:
        allowed = client.options("/v1/audio/transcriptions", headers=asked)
        assert allowed.status_code == 200
        assert "authorization" in allowed.headers["access-control-allow-headers"].lower()
        refused = client.post("/v1/audio/transcriptions", headers=origin)
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] in {"*", origin["Origin"]}
