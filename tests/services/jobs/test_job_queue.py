"""The runner's queue: two workers that share a store, and a store that fails."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from app.domain.errors import (
    ExecutionTimeoutError,
    JobCancelledError,
    JobInterruptedError,
    OverloadedError,
    StoreUnavailableError,
)
from app.domain.events import CuesReady, MediaOpened, Notice, Progress
from app.domain.request import JobRequest, SiteVideo
from app.services.jobs.job_work import JobWork
from app.services.jobs.metrics import Metrics
from app.services.jobs.queue_options import QueueOptions
from app.services.jobs.runner import JobRunner
from app.services.jobs.store.event_writer import NOT_STORED
from app.services.jobs.store.open_job_store import open_job_store
from app.settings import JobSettings, JobStoreSettings, Settings
from tests.services.jobs.test_durable_stores import CUES, RESULT

REQUEST = JobRequest(SiteVideo("https://site.example/1"), holder="key a")


class GatedPipeline:
    """Emits cues at once, and its result when the gate is open."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.runs = 0

    def build(self, request: JobRequest) -> GatedPipeline:
        return self

    async def run(self, request: JobRequest, playback: Any, emit: Callable[[Any], None]) -> Any:
        self.runs += 1
        emit(MediaOpened(900))
        emit(CuesReady(CUES, final=True))
        await self.gate.wait()
        return RESULT


@asynccontextmanager
async def worker(folder: Path, places: int = 4, **store: Any) -> AsyncIterator[Any]:
    """A runner with its pipeline, as a process of its own would have it."""
    settings = Settings(
        job_store=JobStoreSettings(jobs_dir=folder / "jobs", **{"job_lease_s": 1, **store}),
        jobs=JobSettings(max_jobs=places),
    )
    readiness: Any = SimpleNamespace(
        admit=lambda: None, state="ready", loaded=True, draining=False, engine_manager=None
    )
    pipeline: Any = GatedPipeline()
    work = JobWork(settings, readiness, pipeline, Metrics())
    runner = JobRunner(settings, readiness, work, open_job_store(settings))
    await runner.open()
    try:
        yield SimpleNamespace(runner=runner, pipeline=pipeline)
    finally:
        await runner.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
async def test_any_worker_reads_and_cancels_a_job_of_another_one(
    tmp_path: Path, store: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("database_url") if store == "postgres" else None
    shared = {} if url is None else {"database_url": SecretStr(url)}
    async with worker(tmp_path, **shared) as one, worker(tmp_path, 1, **shared) as other:
        first = await one.runner.enqueue(REQUEST, QueueOptions())
        second = await one.runner.enqueue(REQUEST, QueueOptions())
        await until(lambda: one.pipeline.runs + other.pipeline.runs == 2)
        for asked in (one, other):
            for job in (first, second):
                seen = await asked.runner.get(job.id)
                await until(lambda seen=seen: len(seen.log) >= 4)  # type: ignore[misc]
        remote = await (other if one.runner.running else one).runner.get(first.id)
        await other.runner.cancel(await other.runner.get(first.id), "key a")
        await until(lambda: not remote.running and not first.running)
        with pytest.raises(JobCancelledError):
            await first.wait_for_result()
        one.pipeline.gate.set()
        other.pipeline.gate.set()
        assert (await second.wait_for_result()).cues == CUES
        listed = await other.runner.listed("key a", 10)
        assert {job.state for job in listed} == {"done", "failed"}


async def test_places_limits_and_times_of_the_queue(tmp_path: Path) -> None:
    async with worker(tmp_path, 1, max_queued_jobs_per_caller=2) as one:
        runner = one.runner
        running = await runner.enqueue(REQUEST, QueueOptions(execution_timeout_s=0.5))
        await until(lambda: len(runner.running) == 1)
        waiting = [await runner.enqueue(REQUEST, QueueOptions(idempotency_key="a"))]
        assert await runner.enqueue(REQUEST, QueueOptions(idempotency_key="a")) is waiting[0]
        waiting.append(await runner.enqueue(REQUEST, QueueOptions()))
        with pytest.raises(OverloadedError, match="2 jobs of yours wait"):
            await runner.enqueue(REQUEST, QueueOptions())
        await runner.cancel(waiting[0], "key a")
        with pytest.raises(ExecutionTimeoutError):
            await running.wait_for_result()
        await until(lambda: one.pipeline.runs == 2)
        one.pipeline.gate.set()
        await waiting[1].wait_for_result()
        assert one.pipeline.runs == 2, "a cancelled one never starts"


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
async def test_the_next_job_begins_when_the_end_of_the_last_one_is_stored(
    tmp_path: Path, store: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("database_url") if store == "postgres" else None
    shared = {} if url is None else {"database_url": SecretStr(url)}
    # A lease that is not renewed during the test: no regular look at the queue helps.
    async with worker(tmp_path, 1, job_lease_s=600, **shared) as one:
        one.pipeline.gate.set()
        jobs = [await one.runner.enqueue(REQUEST, QueueOptions()) for _ in range(5)]
        async with asyncio.timeout(60):
            for job in jobs:
                await job.wait_for_result()


async def test_a_worker_that_leaves_hands_its_jobs_over_and_one_that_dies_each_time_ends_them(
    tmp_path: Path,
) -> None:
    async with worker(tmp_path) as one:
        job = await one.runner.enqueue(REQUEST, QueueOptions())
        await until(lambda: one.pipeline.runs == 1)
    assert job.running
    async with worker(tmp_path, job_attempts=1) as again:
        same = await again.runner.get(job.id)
        again.pipeline.gate.set()
        assert (await same.wait_for_result()).cues == CUES
        assert [event for _, event in same.log.after(0)].count(CuesReady(CUES, final=True)) == 1
        again.pipeline.gate.clear()
        doomed = await again.runner.enqueue(REQUEST, QueueOptions())
        await until(lambda: again.pipeline.runs == 2)
    with sqlite3.connect(tmp_path / "jobs" / "jobs.sqlite") as file:
        file.execute("UPDATE jobs SET attempts = 1 WHERE id = ?", [doomed.id])
    async with worker(tmp_path, job_attempts=1) as last:
        ended = await last.runner.get(doomed.id)
        with pytest.raises(JobInterruptedError):
            await ended.wait_for_result()
        assert last.pipeline.runs == 0


async def test_a_store_that_fails_holds_no_job_up_and_says_so(tmp_path: Path) -> None:
    async with worker(tmp_path) as one:
        await one.runner.enqueue(REQUEST, QueueOptions(kind="x"))
        await until(lambda: one.pipeline.runs == 1)
        (job,) = one.runner.running
        await one.runner._store.flush()
        database = one.runner._store._database
        whole = database._connection._connection
        database._connection._connection = None
        with pytest.raises(StoreUnavailableError):
            await one.runner.enqueue(REQUEST, QueueOptions())
        job.log.append(Progress("transcribing", "On", 50))
        await until(lambda: job.log.last == NOT_STORED)
        one.pipeline.gate.set()
        assert (await job.wait_for_result()).cues == CUES
        notices = [event for _, event in job.log.after(0) if isinstance(event, Notice)]
        assert notices == [NOT_STORED]
        stored = len(job.log)
        database._connection._connection = whole
        await one.runner._store.flush()
        assert (await database.job(job.id)).state == "done"
        assert len(await database.events(job.id, 0)) == stored


def test_the_files_of_jobs_are_private(tmp_path: Path) -> None:
    async def write() -> None:
        async with worker(tmp_path):
            pass

    previous = os.umask(0o022)
    try:
        asyncio.run(write())
    finally:
        os.umask(previous)
    assert (tmp_path / "jobs").stat().st_mode & 0o077 == 0
    assert (tmp_path / "jobs" / "secret.key").stat().st_mode & 0o077 == 0
