"""The requests of the guides of LiveKit Agents and pipecat; a real Whisper hears a person read."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from tests.clients.test_realtime import FORMAT, ITEM, tell, told
from tests.librivox import recordings
from tests.server import ServerProcess
from tests.wording import word_errors

FRAME_BYTES = 4_800
"""100 ms of 16-bit PCM at 24 kHz."""

UTTERANCE = (
    *("input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"),
    *("input_audio_buffer.committed", f"{ITEM}.completed"),
)


def shortest() -> tuple[str, bytes]:
    """Return what a person says, and the sound at 24 kHz with a second of quiet after it."""
    text, path = min(recordings(), key=lambda recording: recording[1].stat().st_size)
    return text, pcm_24_khz(path) + bytes(48_000)


def pcm_24_khz(path: Path) -> bytes:
    asked = ["-f", "s16le", "-ac", "1", "-ar", "24000", "-"]
    command = ["ffmpeg", "-v", "error", "-i", str(path), *asked]
    return subprocess.run(command, check=True, capture_output=True).stdout


@asynccontextmanager
async def session(
    server: ServerProcess, query: str, turn_detection: dict[str, Any] | None, **options: Any
) -> AsyncIterator[Any]:
    """A session as the plugins open it; their key is set although this server has none."""
    url = f"{server.url.replace('http', 'ws')}/v1/realtime?{query}"
    headers = {"Authorization": "Bearer unused"}
    async with connect(url, additional_headers=headers, proxy=None, **options) as at:
        assert json.loads(await at.recv())["type"] == "session.created"
        transcription = {"model": "gpt-4o-transcribe", "language": "en"}
        given = {"format": FORMAT, "transcription": transcription, "turn_detection": turn_detection}
        asked = {"type": "transcription", "audio": {"input": given}}
        await tell(at, "session.update", session=asked)
        await told(at, "session.updated")
        yield at


async def send(socket: Any, pcm: bytes) -> None:
    for at in range(0, len(pcm), FRAME_BYTES):
        audio = base64.b64encode(pcm[at : at + FRAME_BYTES]).decode()
        await tell(socket, "input_audio_buffer.append", audio=audio)


def transcript(events: list[dict[str, Any]]) -> str:
    return " ".join(event["transcript"] for event in events if "transcript" in event)


def said_right(heard: str, said: str) -> bool:
    """Whether at most a quarter of the words is wrong, which tiny.en stays well below."""
    return word_errors(said, heard) <= 0.25


async def test_livekit_agents_by_the_servers_turn_detection(server: ServerProcess) -> None:
    said, pcm = shortest()
    vad = {"type": "server_vad", "prefix_padding_ms": 600, "silence_duration_ms": 350}
    query = "intent=transcription&model=gpt-4o-transcribe"
    events: list[dict[str, Any]] = []
    async with session(server, query, vad, user_agent_header="LiveKit Agents") as socket:
        await send(socket, pcm)
        while not said_right(transcript(events), said):
            events += await told(socket, f"{ITEM}.completed")
    utterances: dict[str, list[str]] = {}
    for event in events:
        if event["type"] in UTTERANCE:
            utterances.setdefault(event["item_id"], []).append(event["type"])
    assert all(kinds == list(UTTERANCE) for kinds in utterances.values())


async def test_pipecat_commits_by_itself(server: ServerProcess) -> None:
    said, pcm = shortest()
    async with session(server, "intent=transcription", None) as socket:
        await send(socket, pcm)
        await tell(socket, "input_audio_buffer.commit")
        events = await told(socket, f"{ITEM}.completed")
    assert events[0]["type"] == "input_audio_buffer.committed"
    assert {event["type"] for event in events[1:-1]} <= {f"{ITEM}.delta"}
    assert said_right(events[-1]["transcript"], said)
