"""The bytes of a stream, item by item."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from itertools import pairwise
from typing import Any, cast

import pytest

from app.domain.cue import Cue
from app.domain.events import CuesReady, Done, Failed, MediaOpened, Progress, Result
from app.domain.request import JobRequest, SiteVideo
from app.domain.time import Span
from app.routers import encoders
from app.routers.encoders import NativeEncoder, Payload, StreamEncoder
from app.routers.sliced_json import sliced_json
from app.routers.sse import stream_job
from app.services.jobs.record import JobRecord
from app.services.jobs.runtime import JobRuntime
from app.services.jobs.streams import (
    KEEP_ALIVE,
    Heartbeat,
    Item,
    LoggedEvent,
    ServerLeaving,
    StreamHub,
)
from app.settings import Settings
from app.submission import job_payloads

PROGRESS = Progress("checking", "Checking the media", 5)


class Items:
    """Follows a job with items that are known beforehand."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items

    async def follow(self, job: JobRuntime, after: int = 0) -> AsyncGenerator[Item]:
        for item in self._items:
            yield item


async def written(*items: Item, encoder: Any = None, **how: bool) -> list[bytes]:
    job = JobRuntime(JobRecord(JobRequest(SiteVideo("https://site.example/1")), id="a1"), 1.0)
    for item in items:
        if isinstance(item, LoggedEvent):
            job.log.append(item.event)
    streams = cast("StreamHub", Items(items))
    response = stream_job(streams, job, encoder or NativeEncoder(job, ()), "native", **how)
    return [cast("bytes", part) async for part in response.body_iterator]


async def test_the_first_payload_names_the_job_and_comments_before_it_do_not() -> None:
    parts = await written(KEEP_ALIVE, LoggedEvent(1, MediaOpened(9), False), Heartbeat(PROGRESS))
    assert parts[0] == b": still here\n\n"
    assert parts[1] == (
        b'id: 1\ndata: {"type":"media","duration_ms":9,"job_id":"a1",'
        b'"events":"/api/jobs/a1/events?view=native"}\n\n'
    )
    assert parts[2].startswith(b'data: {"stage":"checking"')
    assert b"job_id" not in parts[2]


async def test_a_farewell_is_an_error_with_a_time_to_come_back() -> None:
    part = (await written(LoggedEvent(1, PROGRESS, False), ServerLeaving(2000)))[1]
    lines = part.decode().split("\n")
    assert lines[0] == "event: error"
    assert "retry: 2000" in lines
    assert not any(line.startswith("id:") for line in lines)
    assert sum(line.startswith("data:") for line in lines) == 1
    assert b"\r" not in part


async def test_an_error_reaches_those_who_listen_to_messages_alone() -> None:
    failed = LoggedEvent(1, Failed("The media is silent", "no_speech", False), True)
    message, event = await written(failed, errors_as_messages=True)
    assert message.startswith(b'data: {"error":"The media is silent"')
    assert event.startswith(b"id: 1\nevent: error\ndata: ")
    assert json.loads(event.split(b"data: ")[1]).items() >= json.loads(message[6:]).items()
    assert await written(failed) == [event]


def finished_job(cues: int) -> JobRuntime:
    """Return a job as a large caption file leaves it."""
    made = tuple(Cue(n, Span(n, n + 1), f"Line {n}") for n in range(cues))
    job = JobRuntime(JobRecord(JobRequest(SiteVideo("https://site.example/1")), id="a1"), 1.0)
    for cue in made:
        job.log.append(CuesReady((cue,), final=True))
    job.log.append(Done(Result(made, False, "en", 1000, 10, {})))
    return job


async def read(job: JobRuntime, hub: StreamHub, after: int = 0) -> list[bytes]:
    response = stream_job(hub, job, StreamEncoder(job, ()), "stream", after)
    return [cast("bytes", part) async for part in response.body_iterator]


async def test_readers_of_a_replay_share_what_is_encoded_and_take_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoded: list[int] = []
    original = encoders.cue_payload

    def counted(cue: Cue) -> Payload:
        encoded.append(cue.id)
        return original(cue)

    for module in (encoders, job_payloads):
        monkeypatch.setattr(module, "cue_payload", counted)
    job, hub = finished_job(3000), StreamHub(Settings().jobs)
    turns: list[int] = []

    async def count_turns() -> None:
        while True:
            turns.append(len(encoded))
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    streams = await asyncio.gather(*(read(job, hub) for _ in range(10)))
    counting.cancel()
    assert len(encoded) == 6000, "each cue once for the stream and once for the result"
    assert all(stream == streams[0] for stream in streams)
    steps = [after - before for before, after in pairwise(turns) if after <= 3000]
    assert max(steps) <= 100, "others get their turn in between"
    assert turns[-1] - turns[0] > max(steps)
    result = json.loads(streams[0][-1].partition(b"data: ")[2])["result"]
    assert [line["text"] for line in result["subtitles"]] == [f"Line {n}" for n in range(3000)]


async def test_a_resumed_replay_goes_on_with_the_same_frames() -> None:
    job, hub = finished_job(120), StreamHub(Settings().jobs)
    whole, rest = await read(job, hub), await read(job, hub, 100)
    assert rest[1:] == whole[101:]
    assert b'"job_id":"a1"' in rest[0]


async def test_a_large_result_is_encoded_as_the_library_does_it() -> None:
    value: dict[str, object] = {
        "none": None,
        "empty": [],
        "é": '\u2028<&"\\' * 30_000,
        "list": [{"n": n, "x": [1.5, True]} for n in range(1000)],
        "nested": {"a": {}},
    }
    expected = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    assert await sliced_json(value) == expected
    assert await sliced_json({**value, "list": iter(cast("list[object]", value["list"]))}) == (
        expected
    )
