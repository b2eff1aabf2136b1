"""Stores of job records, and a runner that reads them."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.domain.cue import Cue
from app.domain.errors import JobNotFoundError
from app.domain.events import CuesReady, Done, Failed, Progress, Result
from app.domain.request import JobRequest, SentCaptions, SiteVideo
from app.domain.time import Span
from app.services.jobs.event_log import EventLog
from app.services.jobs.queue_options import QueueOptions
from app.services.jobs.record import JobRecord
from app.services.jobs.runner import JobRunner
from app.services.jobs.store.encoded_events import encoded_events, recent_bytes
from app.services.jobs.store.memory_job_store import MemoryJobStore
from app.services.jobs.stored_edits import UNEDITED, StoredEdits
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
    removed = await store.remove_ended(retention_s=3600, limit=3, limit_bytes=2**30)
    assert removed == [records[0].id]
    assert list(await store.remove_ended(retention_s=3600, limit=1, limit_bytes=2**30)) == [
        records[1].id,
        records[2].id,
    ]
    assert list(await store.equal(REQUEST.key)) == records[3:]
    await store.remove(records[3].id)
    assert await store.get(records[3].id) is None
    assert list(await store.equal(REQUEST.key)) == records[4:]


async def test_a_runner_reads_records_that_it_did_not_run(tmp_path: Path) -> None:
    store, nothing = MemoryJobStore(), Any
    runner = JobRunner(Settings(), nothing, nothing, store)  # type: ignore[arg-type]
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
    runner = JobRunner(Settings(), nothing, nothing, store)  # type: ignore[arg-type]
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


def large(caller: str, ago_s: float, cues: int) -> JobRecord:
    """Return an ended job of about 1 kB a cue."""
    made = tuple(Cue(n, Span(n, n + 1), f"{n} " + "x" * 700) for n in range(cues))
    record = JobRecord(replace(REQUEST, holder=caller))
    record.log.append(CuesReady(made, final=True))
    record.log.append(Done(replace(RESULT, cues=made)))
    record.ended_s = time.monotonic() - ago_s
    return record


async def test_ended_jobs_have_a_budget_and_the_heaviest_caller_pays_first() -> None:
    store = MemoryJobStore()
    small, old, newer, last = (
        large("careful", 40, 10),
        large("greedy", 30, 300),
        large("greedy", 20, 300),
        large("greedy", 10, 300),
    )
    for record in (small, old, newer, last):
        await store.add(record)
    assert 250_000 < old.bytes < 400_000
    assert await store.remove_ended(900, 10, 2**30) == []
    assert await store.remove_ended(900, 10, 700_000) == [old.id]
    assert await store.remove_ended(900, 10, 0) == [newer.id, small.id]
    assert await store.get(last.id) is last, "the one that ended last can be read"


async def test_a_replay_weighs_little_beside_the_job_whose_result_it_shares() -> None:
    store = MemoryJobStore()
    first = large("", 100, 300)
    await store.add(first)
    for number in range(20):
        replay = JobRecord(first.request)
        replay.log.append(Done(first.result))
        replay.ended_s = first.ended_s + number + 1
        await store.add(replay)
    assert await store.remove_ended(900, 100, 700_000) == []


async def test_sent_captions_weigh_too() -> None:
    record = JobRecord(JobRequest(SentCaptions("x" * 100_000)))
    assert record.bytes > 100_000


async def test_options_of_the_queue_weigh_too() -> None:
    details: dict[str, object] = {"order": {f"{n}": [n] for n in range(1000)}}
    kept = JobRecord(REQUEST, queue=QueueOptions(details=details))
    call = JobRecord(REQUEST, queue=QueueOptions(secrets={"input": "x" * 100_000}))
    assert kept.bytes - JobRecord(REQUEST).bytes > 100_000
    assert call.bytes - JobRecord(REQUEST).bytes > 100_000


async def test_of_strangers_without_keys_nobodys_jobs_go_for_anothers() -> None:
    def ended_of(holder: str, ago_s: float, text: str = "") -> JobRecord:
        record = ended(ago_s, replace(REQUEST, source=SentCaptions(text), holder=holder))
        record.log = EventLog()
        record.log.append(Failed("Broken", "broken", retryable=False))
        return record

    store = MemoryJobStore()
    quiet = ended_of("address 1", 90)
    many = [ended_of("address 2", 80 - n) for n in range(9)]
    heavy = [ended_of("address 3", 60 - n, "x" * 100_000) for n in range(2)]
    for record in (quiet, *many, *heavy):
        await store.add(record)
    assert await store.remove_ended(900, 10, 2**30) == [many[0].id, many[1].id]
    assert await store.remove_ended(900, 10, 150_000) == [heavy[0].id]


async def test_in_memory_owners_are_served_in_turn_and_calls_apart() -> None:
    store = MemoryJobStore()
    for owner in ("many", "many", "many", "few"):
        await store.enqueue(JobRecord(REQUEST, queue=QueueOptions(owner=owner)))
    call = JobRecord(REQUEST, queue=QueueOptions(owner="many", is_call=True))
    await store.enqueue(call)
    order = []
    while (taken := (await store.claim()).record) is not None:
        order.append(taken.owner)
        taken.log.append(Done(RESULT))
    assert order == ["many", "few", "many", "many"]
    assert (await store.claim(calls=True)).record is call
    assert [await store.advance(call.id, "a", place) for place in (2, 1, 3)] == [0, 2, 2]


def test_what_is_kept_for_replays_counts_in_the_memory_of_kept_jobs() -> None:
    cues = tuple(Cue(n, Span(n * 1000, n * 1000 + 900), "Hello") for n in range(600))
    small = encoded_events([CuesReady(cues[:1], final=True)])
    large = encoded_events([CuesReady(cues, final=True)])
    other = encoded_events([Done(replace(RESULT, cues=cues))])
    held = large.weight_bytes + other.weight_bytes
    assert recent_bytes() > held > small.weight_bytes
    again = encoded_events([CuesReady(cues, final=True)])
    assert again.events[0] is large.events[0], "it is encoded once"


async def test_edits_in_memory_have_versions_and_hold_their_job() -> None:
    store = MemoryJobStore()
    edited, other = ended(50), ended(20)
    for record in (edited, other):
        await store.add(record)
    assert await store.edits(edited.id, "a") == UNEDITED
    assert await store.save_edits(edited.id, "a", b"cues", {0}) == 1
    assert await store.save_edits(edited.id, "a", b"more", {0, 7}) is None
    assert await store.save_edits(edited.id, "a", b"more", None) == 2
    assert await store.edits(edited.id, "a") == StoredEdits(2, b"more")
    assert await store.remove_ended(0, 9, 2**30, 3600) == [other.id]
    assert await store.remove_ended(0, 9, 2**30) == [edited.id]
    with pytest.raises(JobNotFoundError):
        await store.save_edits(edited.id, "a", b"late", None)
    assert await store.edits(edited.id, "a") == UNEDITED
