"""Wyoming by its own library, as Home Assistant uses it; numbers are the contract's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from wyoming.asr import Transcribe, Transcript, TranscriptChunk
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
)

from tests.clients.test_realtime import sound
from tests.conftest import read_samples
from tests.server import ServerProcess, free_port

WORDS = "There was nobody at all"
RATE = 16_000


class WyomingProcess(ServerProcess):
    wyoming = 0


def started(folder: Path, app: str, **settings: str) -> WyomingProcess:
    port = free_port()
    given = {"WYOMING_PORT": str(port), "ASR_SELF_TEST": "false", "LIVE_PARTIAL_MS": "500"}
    server = WyomingProcess(folder, given | settings, app)
    server.wyoming = port
    server.wait_ready()
    return server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WyomingProcess]:
    app = "tests.clients.scripted_engines:application()"
    server = started(tmp_path_factory.mktemp("wyoming"), app, API_KEYS="secret")
    yield server
    server.stop()


def client(server: WyomingProcess) -> AsyncTcpClient:
    return AsyncTcpClient("127.0.0.1", server.wyoming)


async def read(connection: AsyncTcpClient) -> Event:
    event = await asyncio.wait_for(connection.read_event(), 30)
    assert event is not None
    return event


async def until(connection: AsyncTcpClient, last: str) -> list[Event]:
    events = [await read(connection)]
    while events[-1].type != last:
        events.append(await read(connection))
    return events


async def say(connection: AsyncTcpClient, pcm: bytes, rate_hz: int = RATE) -> None:
    await connection.write_event(Transcribe(language="en").event())
    await connection.write_event(AudioStart(rate_hz, 2, 1).event())
    for at in range(0, len(pcm), 8_192):
        chunk = AudioChunk(rate_hz, 2, 1, pcm[at : at + 8_192])
        await connection.write_event(chunk.event())
    await connection.write_event(AudioStop().event())


async def transcribed(server: WyomingProcess, pcm: bytes, rate_hz: int = RATE) -> str:
    async with client(server) as connection:
        await say(connection, pcm, rate_hz)
        events = await until(connection, "transcript")
    kinds = [event.type for event in events]
    assert kinds[0] == "transcript-start"
    assert kinds[-2] == "transcript-stop"
    text = Transcript.from_event(events[-1]).text
    chunks = [TranscriptChunk.from_event(event).text for event in events[1:-2]]
    assert "".join(chunks) == text
    return text


async def test_48_it_describes_itself_while_it_works(server: WyomingProcess) -> None:
    decoding = asyncio.create_task(transcribed(server, sound(12, 0, RATE)))
    async with client(server) as connection:
        await connection.write_event(Describe().event())
        info = Info.from_event(await read(connection))
        await connection.write_event(Ping(text="hello").event())
        assert (await read(connection)).type == "pong"
    program = info.asr[0]
    assert program.installed
    assert program.supports_transcript_streaming
    assert "en" in program.models[0].languages
    assert info.tts[0].voices[0].languages
    await decoding


async def test_49_twenty_at_once_get_one_right_transcript_each(server: WyomingProcess) -> None:
    lengths = [2 + number % 5 for number in range(20)]
    texts = await asyncio.gather(
        *(transcribed(server, sound(length, 0.5, RATE)) for length in lengths)
    )
    for length, text in zip(lengths, texts, strict=True):
        assert text.startswith("There was nobody at")
        assert len(text.split()) == pytest.approx(length * 2.5, abs=1)


async def test_silence_is_an_empty_transcript(server: WyomingProcess) -> None:
    assert await transcribed(server, bytes(RATE * 4)) == ""


async def test_sound_at_another_rate_is_heard(server: WyomingProcess) -> None:
    assert (await transcribed(server, sound(3, 0.5, 48_000), 48_000)).startswith(WORDS)


HEADER = {"type": "audio-chunk", "payload_length": 2**30}


@pytest.mark.parametrize(
    "sent",
    [
        b"garbage\n",
        b"\xff\xfe\x00\n",
        b"[" * 400 + b"\n",
        b"x" * 200_000,
        json.dumps(HEADER).encode() + b"\n",
        json.dumps({**HEADER, "payload_length": -1}).encode() + b"\n",
        json.dumps({"type": "describe", "data_length": 2**30}).encode() + b"\n",
        b'{"type": 5}\n',
        b'{"type": "audio-start", "data": {"rate": 1e300}}\n',
        b'{"type": "audio-start", "data": {"rate": 0, "width": 2, "channels": 1}}\n',
        b'{"type": "audio-chunk"}\n',
        b'{"type": "audio-start"}\n{"type": "audio-stop"}\n',
        b'{"type": "transcribe", "data": {"language": "klingonese"}}\n',
    ],
)
async def test_50_what_is_no_event_is_an_error_and_the_end(
    server: WyomingProcess, sent: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.wyoming)
    writer.write(sent)
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    assert b'"type": "error"' in answer
    async with client(server) as connection:
        await connection.write_event(Describe().event())
        assert (await read(connection)).type == "info"


async def test_51_a_failure_of_the_engine_is_told_and_the_connection_closed(
    tmp_path_factory: pytest.TempPathFactory, dialogue: Path
) -> None:
    app = "tests.clients.failing_engine:application()"
    server = started(tmp_path_factory.mktemp("failing"), app, LIVE_PARTIAL_MS="0")
    try:
        async with client(server) as connection:
            await say(
                connection, (read_samples(dialogue)[: RATE * 5] * 32_767).astype("<i2").tobytes()
            )
            events = await until(connection, "error")
            assert events[-1].data["text"] == "The device was lost"
            assert await asyncio.wait_for(connection.read_event(), 10) is None
    finally:
        assert server.stop() == 0


async def test_52_data_inline_or_in_a_second_part_or_both(server: WyomingProcess) -> None:
    rate = b'{"rate": 16000, "width": 2, "channels": 1}'
    wrong = b'{"rate": 8000, "width": 2, "channels": 1}'
    length = str(len(rate)).encode()
    pcm = sound(3, 0.5, RATE)
    texts = []
    for start in (
        b'{"type": "audio-start", "data": ' + rate + b"}\n",
        b'{"type": "audio-start", "data_length": ' + length + b"}\n" + rate,
        b'{"type": "audio-start", "data": ' + wrong + b', "data_length": ' + length + b"}\n" + rate,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.wyoming)
        writer.write(b'{"type": "select-program", "data": {"name": "x"}}\n' + start)
        header = {"type": "audio-chunk", "payload_length": len(pcm)}
        writer.write(json.dumps(header).encode() + b"\n" + pcm + b'{"type": "audio-stop"}\n')
        answer = b""
        while b'"type": "transcript",' not in answer:
            answer += await asyncio.wait_for(reader.read(65_536), 30)
        texts.append(answer.partition(b'"type": "transcript",')[2].partition(b"{")[2])
        writer.close()
    assert WORDS.encode() in texts[0]
    assert texts[0] == texts[1] == texts[2]


async def test_speech_output_whole_and_while_it_is_written(server: WyomingProcess) -> None:
    lengths = []
    streamed = (
        SynthesizeStart().event(),
        SynthesizeChunk(text="Good morning. ").event(),
        Synthesize(text="Good morning. The end.").event(),
        SynthesizeChunk(text="The end.").event(),
        SynthesizeStop().event(),
    )
    for sent, last in (
        ((Synthesize(text="Good morning.").event(),), "audio-stop"),
        (streamed, "synthesize-stopped"),
    ):
        async with client(server) as connection:
            for event in sent:
                await connection.write_event(event)
            events = await until(connection, last)
        assert [event.type for event in events].count("audio-start") == 1
        assert [event.type for event in events].count("audio-stop") == 1
        lengths.append(sum(len(event.payload or b"") for event in events))
    assert 8_000 < lengths[0] < lengths[1]


async def test_a_server_that_leaves_closes_its_connections(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    app = "tests.clients.scripted_engines:application()"
    server = started(tmp_path_factory.mktemp("leaving"), app)
    async with client(server) as connection:
        await connection.write_event(AudioStart(RATE, 2, 1).event())
        assert (await read(connection)).type == "transcript-start"
        assert await asyncio.to_thread(server.stop) == 0
        assert await asyncio.wait_for(connection.read_event(), 10) is None
