"""Readers of one job: each at its own pace, all from one timer."""

import asyncio
from pathlib import Path

import pytest

from app.domain.errors import NoSpeechError
from app.domain.events import Failed, MediaOpened, Progress
from app.domain.request import JobRequest, UploadedFile
from app.services.jobs.event_log import EventLog
from app.services.jobs.record import JobRecord
from app.services.jobs.runtime import JobRuntime
from app.services.jobs.streams import Heartbeat, KeepAlive, LoggedEvent, ServerLeaving, StreamHub
from app.settings import JobSettings


@pytest.fixture
def job(tmp_path: Path) -> JobRuntime:
    file = tmp_path / "upload"
    file.write_bytes(b"x")
    return JobRuntime(JobRecord(JobRequest(UploadedFile(file, "0"))), grace_s=0.2)


def hub(**settings: float) -> StreamHub:
    return StreamHub(JobSettings(**settings))


def test_events_are_numbered_from_one_and_nothing_follows_the_end() -> None:
    log = EventLog()
    told = []
    stop = log.listen(lambda: told.append(len(log)))
    log.append(Progress("checking", "a", 1))
    log.append(MediaOpened(5))
    stop()
    assert [seq for seq, _ in log.after(0)] == [1, 2]
    assert [seq for seq, _ in log.after(1)] == [2]
    assert log.after(99) == []
    assert told == [1, 2]


async def test_two_readers_see_all_of_it_and_a_late_one_the_rest(job: JobRuntime) -> None:
    streams = hub()
    job.log.append(Progress("checking", "a", 1))

    async def read(after: int) -> list[int]:
        return [i.seq async for i in streams.follow(job, after) if isinstance(i, LoggedEvent)]

    readers = [asyncio.create_task(read(after)) for after in (0, 0, 1)]
    await asyncio.sleep(0.01)
    job.log.append(MediaOpened(1))
    await asyncio.sleep(0.01)
    job.fail(NoSpeechError("none"))
    assert [await reader for reader in readers] == [[1, 2, 3], [1, 2, 3], [2, 3]]
    assert streams.readers == 0


async def test_a_reader_that_is_ahead_of_this_process_gets_no_event_twice(job: JobRuntime) -> None:
    """Another process wrote three events, and this one has read one of them so far."""
    streams = hub()
    job.log.follow([Progress("checking", "a", 1)])

    async def read() -> list[int]:
        return [i.seq async for i in streams.follow(job, 3) if isinstance(i, LoggedEvent)]

    reader = asyncio.create_task(read())
    await asyncio.sleep(0.01)
    job.log.follow([MediaOpened(1), Progress("checking", "b", 2)])
    await asyncio.sleep(0.01)
    job.log.follow([Failed("none", "no_speech", retryable=False)])
    assert await reader == [4]


async def test_silence_is_filled_from_one_timer(job: JobRuntime) -> None:
    streams = hub(comment_s=0.1, heartbeat_s=0.35)
    streams.start()
    job.log.append(Progress("transcribing", "Listening", 10))
    seen = []
    async for item in streams.follow(job):
        seen.append(item)
        if isinstance(item, Heartbeat):
            break
    assert isinstance(seen[0], LoggedEvent)
    assert seen[1:-1]
    assert all(isinstance(item, KeepAlive) for item in seen[1:-1])
    last = seen[-1]
    assert isinstance(last, Heartbeat)
    assert last.progress.message.startswith("Listening (")
    assert last.progress.percent == 10
    await streams.close()


async def test_leaving_says_farewell_to_everybody(job: JobRuntime) -> None:
    streams = hub()
    job.log.append(Progress("transcribing", "Listening", 10))

    async def read() -> list[object]:
        return [item async for item in streams.follow(job)]

    readers = [asyncio.create_task(read()) for _ in range(3)]
    await asyncio.sleep(0.01)
    streams.leave()
    for reader in readers:
        items = await reader
        assert isinstance(items[-1], ServerLeaving)
        assert isinstance(items[-2], Heartbeat)


async def test_a_job_without_readers_is_cancelled_after_its_grace_time(job: JobRuntime) -> None:
    job.start(lambda _: asyncio.create_task(asyncio.sleep(60)))
    reader = hub().follow(job)
    job.log.append(Progress("checking", "a", 1))
    await anext(reader)
    await asyncio.sleep(0.4)
    assert job.running, "it has a reader"
    await reader.aclose()
    assert job.running, "the grace time runs"
    await asyncio.sleep(0.5)
    assert not job.running
    assert job.cancelled.is_set()
    assert job.failure is not None
    assert job.failure.code == "cancelled"
    assert not job.request.source.path.exists(), "its upload is removed"
