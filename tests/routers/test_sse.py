"""The bytes of a stream, item by item."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Sequence
from typing import Any, cast

from app.domain.events import Event, MediaOpened, Progress
from app.domain.request import JobRequest, SiteVideo
from app.routers.encoders import NativeEncoder, Payload
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

PROGRESS = Progress("checking", "Checking the media", 5)


class Items:
    """Follows a job with items that are known beforehand."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items

    async def follow(self, job: JobRuntime, after: int = 0) -> AsyncGenerator[Item]:
        for item in self._items:
            yield item


async def written(*items: Item, encoder: Any = None) -> list[bytes]:
    job = JobRuntime(JobRecord(JobRequest(SiteVideo("https://site.example/1")), id="a1"), 1.0)
    streams = cast("StreamHub", Items(items))
    response = stream_job(streams, job, encoder or NativeEncoder(job, ()), "native")
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


async def test_the_last_event_is_encoded_in_a_thread() -> None:
    threads: list[bool] = []

    class Encoder:
        def encode(self, event: Event) -> Payload | None:
            threads.append(threading.current_thread() is threading.main_thread())
            return None

    last = LoggedEvent(2, PROGRESS, True)
    assert await written(LoggedEvent(1, PROGRESS, False), last, encoder=Encoder()) == []
    assert threads == [True, False]
