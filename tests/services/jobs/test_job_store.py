"""Stores of job records, and a runner that reads them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from app.domain.cue import Cue
from app.domain.errors import JobNotFoundError
from app.domain.events import Done, Failed, Progress, Result
from app.domain.request import JobRequest, SiteVideo
from app.domain.time import Span
from app.services.jobs.record import JobRecord
from app.services.jobs.runner import JobRunner
from app.services.jobs.store.memory_job_store import MemoryJobStore
from app.settings import Settings

REQUEST = JobRequest(SiteVideo("https://site.example/1"))
RESULT = Result((Cue(0, Span(0, 900), "Hello"),), False, "en", 1000, 10, {})


def ended(ago_s: float, request: JobRequest = REQUEST) -> JobRecord:
    record = JobRecord(request)
    record.log.append(Done(RESULT))
    record.ended_s = time.monotonic() - ago_s
    return record


def test_the_state_of_a_record_follows_its_log() -> None:
    record = JobRecord(REQUEST)
    assert (record.state, record.running, record.result) == ("running", True, None)
    record.log.append(Progress("checking", "Checking", 5))
    assert record.progress is not None
    record.stopping = True
    assert record.state == "stopping"
    record.log.append(Failed("Broken", "broken", retryable=False))
    assert (record.state, record.running) == ("failed", False)
    assert record.failure is not None
    done = ended(0)
    assert (done.state, done.result, done.failure) == ("done", RESULT, None)


async def test_records_are_found_by_id_and_by_equal_requests() -> None:
    store = MemoryJobStore()
    first, second = JobRecord(REQUEST), JobRecord(REQUEST)
    other = JobRecord(JobRequest(SiteVideo("https://site.example/2")))
    for record in (first, second, other):
        await store.add(record)
    assert await store.get(first.id) is first
    assert await store.get("unknown") is None
    assert list(await store.equal(REQUEST.key)) == [first, second]


async def test_old_and_surplus_records_go_and_running_ones_stay() -> None:
    store = MemoryJobStore()
    records = [ended(5000), ended(30), ended(20), ended(10), JobRecord(REQUEST)]
    for record in records:
        await store.add(record)
    removed = await store.remove_ended(retention_s=3600, limit=3)
    assert removed == [records[0].id]
    assert list(await store.remove_ended(retention_s=3600, limit=1)) == [
        records[1].id,
        records[2].id,
    ]
    assert list(await store.equal(REQUEST.key)) == records[3:]


async def test_a_runner_reads_records_that_it_did_not_run(tmp_path: Path) -> None:
    store, nothing = MemoryJobStore(), Any
    runner = JobRunner(Settings(), nothing, nothing, store, nothing)  # type: ignore[arg-type]
    record = ended(1)
    await store.add(record)
    job = await runner.get(record.id)
    assert (job.result, job.running, job.task) == (RESULT, False, None)
    assert await job.wait_for_result() is RESULT
    assert await runner.get(record.id) is job
    assert runner.running == []
    with pytest.raises(JobNotFoundError):
        await runner.get("unknown")


async def test_scheduling_state_changes_only_while_a_job_runs() -> None:
    store, nothing = MemoryJobStore(), Any
    runner = JobRunner(Settings(), nothing, nothing, store, nothing)  # type: ignore[arg-type]
    request = JobRequest(SiteVideo("https://site.example/1"), audience="batch")
    running, done = JobRecord(request), ended(1, request)
    for record in (running, done):
        await store.add(record)
        runner.watch(await runner.get(record.id), position_ms=5000)
    job, finished = await runner.get(running.id), await runner.get(done.id)
    assert (job.context.audience, job.playback.position_ms) == ("viewer", 5000)
    assert (finished.context.audience, finished.playback.position_ms) == ("batch", 0)
    runner.watch(job)
    assert job.playback.position_ms == 5000
