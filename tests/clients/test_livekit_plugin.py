"""LiveKit's own plugin for OpenAI, pointed at this server: files, live speech and speech output."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from livekit import rtc
from livekit.agents import APIConnectOptions, stt
from livekit.plugins import openai

from tests.clients.test_realtime_guides import said_right, shortest
from tests.server import ServerProcess

RATE_HZ = 24_000
ONCE = APIConnectOptions(max_retry=0, timeout=30)


def frame(pcm: bytes) -> rtc.AudioFrame:
    return rtc.AudioFrame(pcm, RATE_HZ, 1, len(pcm) // 2)


@asynccontextmanager
async def heard_by(server: ServerProcess, *, live: bool) -> AsyncIterator[openai.STT]:
    plugin = openai.STT(base_url=f"{server.url}/v1", api_key="unused", use_realtime=live)
    async with aiohttp.ClientSession() as session:
        plugin._session = session
        yield plugin
        await plugin.aclose()


async def test_livekit_recognizes_a_recording(server: ServerProcess) -> None:
    said, pcm = shortest()
    async with heard_by(server, live=False) as plugin:
        event = await plugin.recognize(frame(pcm), conn_options=ONCE)
    assert event.type == stt.SpeechEventType.FINAL_TRANSCRIPT
    assert said_right(event.alternatives[0].text, said)


async def test_livekit_hears_live_speech(server: ServerProcess) -> None:
    said, pcm = shortest()
    heard, kinds = "", []
    async with heard_by(server, live=True) as plugin, asyncio.timeout(60):
        stream = plugin.stream(conn_options=ONCE)
        stream.push_frame(frame(pcm))
        async for event in stream:
            kinds.append(event.type)
            if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT:
                heard += f" {event.alternatives[0].text}"
                if said_right(heard, said):
                    break
        await stream.aclose()
    assert stt.SpeechEventType.INTERIM_TRANSCRIPT in kinds


async def test_livekit_speaks(server: ServerProcess) -> None:
    plugin = openai.TTS(base_url=f"{server.url}/v1", api_key="unused", response_format="pcm")
    samples = 0
    async for spoken in plugin.synthesize("Good morning.", conn_options=ONCE):
        assert spoken.frame.sample_rate == RATE_HZ
        samples += spoken.frame.samples_per_channel
    await plugin.aclose()
    assert samples > RATE_HZ // 2
