"""Stores of jobs that outlive a process: SQLite and a real PostgreSQL, by the same tests."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.cue import Cue
from app.domain.errors import JobNotFoundError, StorageError
from app.domain.events import CuesReady, Done, Event, Failed, Progress, Result
from app.domain.request import JobRequest, SiteVideo, UploadedFile
from app.domain.time import Span
from app.services.jobs.event_log import EventLog
from app.services.jobs.queue_options import QueueOptions
from app.services.jobs.record import JobRecord
from app.services.jobs.runtime import JobRuntime
from app.services.jobs.store.secret_box import SecretBox
from app.services.jobs.store.sqlite_tables import TABLES
from app.services.jobs.stored_edits import UNEDITED, StoredEdits
from tests.services.jobs.durable_stores import StoreFactory

REQUEST = JobRequest(SiteVideo("https://site.example/1"), holder="key a")
CUES = (Cue(0, Span(0, 900), "Hello"),)
RESULT = Result(CUES, False, "en", 1000, 10, {}, title="A talk")
EVENTS: list[Event] = [
    Progress("checking", "Checking", 5),
    CuesReady(CUES, final=True),
    Done(RESULT),
]


@pytest.fixture(params=["sqlite", "postgres"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> StoreFactory:
    url = request.getfixturevalue("database_url") if request.param == "postgres" else None
    return StoreFactory(tmp_path / "jobs", url)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


def queued(**options: object) -> JobRecord:
    return JobRecord(REQUEST, queue=QueueOptions(**options))  # type: ignore[arg-type]


async def test_a_job_and_its_events_outlive_the_process(stores: StoreFactory) -> None:
    async with stores.opened() as store:
        record = JobRecord(REQUEST)
        await store.add(record)
        seen: list[int] = []
        record.log.listen(lambda: seen.append(len(record.log)))
        for event in EVENTS:
            record.log.append(event)
        assert len(record.log) == 0, "what readers see is stored"
        await store.flush()
        assert seen[-1] == 3
        record.callers.formats["key a"] = ("srt",)
        record.callers.stores |= {"key a": '{"secret_key": "s3cret"}', "key b": ""}
        store.save_callers(record)
    async with stores.opened() as store:
        read = await store.get(record.id)
        assert read is not None
        assert read is await store.get(record.id)
        assert [event for _, event in read.log.after(0)] == EVENTS
        assert (read.state, read.request, read.result) == ("done", REQUEST, RESULT)
        assert read.callers.formats == {"key a": ("srt",)}
        assert read.callers.stores == {"key a": '{"secret_key": "s3cret"}', "key b": ""}
        row = await store.database.job(record.id)
        assert row is not None
        assert b"s3cret" not in row.callers
        assert read.ended_s is not None
        assert [each.id for each in await store.equal(REQUEST.key)] == [record.id]
        (summary,) = await store.listed("key a", 10, None)
        assert (summary.title, summary.state) == ("A talk", "done")
        assert summary.progress == EVENTS[0]
        assert abs(summary.created_ms / 1000 - time.time()) < 600
        assert await store.listed("key b", 10, None) == []


async def test_an_ended_job_is_freed_without_a_garbage_collection(stores: StoreFactory) -> None:
    async def done() -> weakref.ref[EventLog]:
        record = JobRecord(REQUEST)
        await store.add(record)
        job = JobRuntime(record, 1)
        job.callers.renew_lease("a", 60)

        def at_the_end() -> None:
            if job.log.closed:
                stop()

        stop = job.log.listen(at_the_end)
        for event in EVENTS:
            record.log.append(event)
        await until(lambda: record.log.closed)
        job.callers.end_lease("a")
        return weakref.ref(record.log)

    async with stores.opened() as store:
        gc.disable()
        try:
            log = await done()
            assert log() is None
        finally:
            gc.enable()


async def test_another_process_follows_a_job_as_it_goes(stores: StoreFactory) -> None:
    async with stores.opened() as owner, stores.opened() as reader:
        record = JobRecord(REQUEST)
        await owner.add(record)
        read = await reader.get(record.id)
        assert read is not None
        assert read.state == "running"
        for n, event in enumerate(EVENTS, start=1):
            record.log.append(event)
            await until(lambda n=n: len(read.log) == n)  # type: ignore[misc]
        assert read.result == RESULT
        await reader.send_message(record.id, {"do": "watch", "position_ms": 7})
        await until(lambda: bool(owner.host.messages))
        assert owner.host.messages == [(record.id, {"do": "watch", "position_ms": 7})]
        assert reader.host.messages == []


async def test_who_asks_for_a_job_that_is_being_claimed_gets_all_its_events(
    stores: StoreFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stores.opened() as store:
        record = await store.enqueue(queued())
        claimed = (await store.claim()).record
        assert claimed is not None
        for event in EVENTS[:2]:
            claimed.log.append(event)
        await store.flush()
        await store.give_back(claimed)
    del record, claimed
    async with stores.opened() as store:
        reached, go_on = asyncio.Event(), asyncio.Event()
        events = store.database.events

        async def slowly(job_id: str, after: int) -> object:
            reached.set()
            await go_on.wait()
            return await events(job_id, after)

        monkeypatch.setattr(store.database, "events", slowly)
        claim = asyncio.create_task(store.claim())
        await reached.wait()
        (job_id,) = store._records

        async def seen_at_once() -> int:
            found = await store.get(job_id)
            assert found is not None
            return len(found.log)

        readers = [asyncio.create_task(seen_at_once()) for _ in range(3)]
        await asyncio.sleep(0.05)
        go_on.set()
        assert await asyncio.gather(*readers) == [2, 2, 2]
        taken = (await claim).record
        assert taken is not None
        assert [event for _, event in taken.log.after(0)] == EVENTS[:2]


async def test_a_dead_process_leaves_its_jobs_to_another_one_once(stores: StoreFactory) -> None:
    dead = stores.make()
    await dead.open(dead.host)
    record = JobRecord(REQUEST)
    await dead.add(record)
    record.log.append(EVENTS[0])
    await dead.flush()
    async with stores.opened() as one, stores.opened() as other:
        follower = await other.get(record.id)
        assert follower is not None
        assert (await one.claim()).record is None
        await dead.die()
        await until(lambda: one.host.work.is_set() or other.host.work.is_set())
        claims = []
        async with asyncio.timeout(60):
            while not claims:
                claims = [c.record for c in (await one.claim(), await other.claim()) if c.record]
                await asyncio.sleep(0.1)
        (taken,) = claims
        assert (taken.id, taken.attempts, taken.fence) == (record.id, 2, 2)
        assert [event for _, event in taken.log.after(0)] == EVENTS[:1]
        for event in EVENTS[1:]:
            taken.log.append(event)
        await until(lambda: len(follower.log) == 3)
        assert (await one.claim()).record is (await other.claim()).record is None


async def test_a_lease_that_has_ended_writes_nothing_any_more(stores: StoreFactory) -> None:
    async with stores.opened() as stale, stores.opened() as owner:
        record = JobRecord(REQUEST)
        await stale.add(record)
        record.log.append(EVENTS[0])
        await stale.flush()
        await stale.database.give_back(record.id, record.fence)
        taken = (await owner.claim()).record
        assert taken is not None
        record.log.append(Failed("too late", "internal", retryable=True))
        await until(lambda: stale.host.lost == [record.id])
        taken.log.append(EVENTS[2])
        await until(lambda: not record.running)
        assert [event for _, event in record.log.after(0)] == [EVENTS[0], EVENTS[2]]
        record.log.append(EVENTS[1])
        assert len(record.log) == 2


async def test_the_queue_serves_by_priority_and_time_and_key(stores: StoreFactory) -> None:
    stores.lease_s = 600  # nothing is taken over on a busy machine
    async with stores.opened() as store:
        low, high = queued(idempotency_key="a"), queued(priority=5, secrets={"key": "s3cret"})
        later = queued(priority=9, delay_s=600)
        for record in (low, high, later):
            assert await store.enqueue(record) is record
        again = queued(idempotency_key="a")
        assert await store.enqueue(again) is low
        assert await store.with_key("key a", "a") is low
        assert await store.with_key("key b", "a") is None
        assert await store.waiting("key a") == (3, 3)
        assert await store.waiting("key b") == (3, 0)
        assert low.state == "queued"
        first, second, third = [await store.claim() for _ in range(3)]
        assert (first.record, second.record, third.record) == (high, low, None)
        assert third.due_s is not None
        assert 0 < third.due_s <= 600
        assert low.state == "running"
        soon = queued(delay_s=0.3)
        await store.enqueue(soon)
        while (claimed := await store.claim()).record is None:
            await asyncio.sleep(0.1)
        assert claimed.record is soon
        assert [each.id for each in await store.listed("key a", 2, None)] == [soon.id, later.id]
        assert [each.id for each in await store.listed("key a", 9, high.id)] == [low.id]


async def test_owners_are_served_in_turn_whichever_process_asks(stores: StoreFactory) -> None:
    stores.lease_s = 600  # nothing is taken over on a busy machine
    async with stores.opened() as one, stores.opened() as other:
        for _ in range(20):
            await one.enqueue(queued(owner="many"))
        for owner in ("few", "few", "single"):
            await other.enqueue(queued(owner=owner))
        order = []
        for n in range(8):
            taken = (await (one, other)[n % 2].claim()).record
            assert taken is not None
            order.append(taken.owner)
        assert order[:3] == ["many", "few", "single"], "who has nothing running comes first"
        assert sorted(order[3:5]) == ["few", "many"]
        assert order[5:] == ["many"] * 3, "places are not kept for nobody"


async def test_with_one_place_owners_are_served_in_turn_too(stores: StoreFactory) -> None:
    async with stores.opened() as store:
        for owner in ("many", "many", "many", "few"):
            await store.enqueue(queued(owner=owner))
        order = []
        while (taken := (await store.claim()).record) is not None:
            order.append(taken.owner)
            taken.log.append(EVENTS[2])
            await store.flush()
        assert order == ["many", "few", "many", "many"]


async def test_calls_are_claimed_apart_from_what_needs_the_device(stores: StoreFactory) -> None:
    async with stores.opened() as store:
        call, job = queued(is_call=True), queued()
        for record in (call, job):
            await store.enqueue(record)
        assert (await store.claim()).record is job
        assert (await store.claim()).record is None
        assert (await store.claim(calls=True)).record is call


async def test_a_reader_s_place_is_the_same_in_every_process(stores: StoreFactory) -> None:
    async with stores.opened() as one, stores.opened() as other:
        record = queued()
        await one.enqueue(record)
        assert [await one.advance(record.id, "a", 2), await other.advance(record.id, "a", 5)] == [
            0,
            2,
        ]
        assert await one.advance(record.id, "a", 3) == 5, "a process that lags takes nothing back"
        assert await other.advance(record.id, "a", 5) == 5
        assert await other.advance(record.id, "b", 1) == 0
        assert await one.advance("no such job", "a", 4) == 0
        assert await one.advance("no such job", "a", 4) == 0


async def test_jobs_that_wait_outlive_the_process_with_their_secrets(
    stores: StoreFactory, tmp_path: Path
) -> None:
    upload = tmp_path / "work" / "a.wav"
    upload.parent.mkdir()
    upload.write_bytes(b"sound")
    async with stores.opened() as store:
        record = queued(secrets={"key": "s3cret"}, details={"webhook": "https://x/"}, kind="run")
        record.request = replace(REQUEST, source=UploadedFile(upload, "0", "a.wav"))
        record.log.append(Progress("waiting", "Waiting", 0))
        await store.enqueue(record)
    async with stores.opened() as store:
        taken = (await store.claim()).record
        assert taken is not None
        assert taken.queue is not None
        assert (taken.id, taken.queue.secrets) == (record.id, {"key": "s3cret"})
        assert (taken.queue.details, taken.queue.kind) == ({"webhook": "https://x/"}, "run")
        source = taken.request.source
        assert isinstance(source, UploadedFile)
        assert source.path.read_bytes() == b"sound"
        assert not upload.exists()
        row = await store.database.job(record.id)
        assert row is not None
        assert b"s3cret" not in row.request + (row.queue or b"") + (row.secrets or b"")


async def test_files_of_jobs_whose_worker_died_at_their_end_go_and_no_others(
    stores: StoreFactory, tmp_path: Path
) -> None:
    async with stores.opened() as store:
        kept = []
        for name in ("a", "b"):
            upload = tmp_path / f"{name}.wav"
            upload.write_bytes(b"sound")
            record = queued()
            record.request = replace(REQUEST, source=UploadedFile(upload, "0", upload.name))
            await store.enqueue(record)
            assert isinstance(record.request.source, UploadedFile)
            kept.append((record, record.request.source.path))
        (ended, left), (_, needed) = kept
        assert await store.end_queued(ended.id, Failed("Cancelled", "cancelled", retryable=True))
        left.write_bytes(b"sound")
        await store.remove_ended(3600, 100, 10**9)
        assert not left.exists()
        assert needed.exists()


async def test_a_job_that_waits_is_cancelled_or_expires_and_never_starts(
    stores: StoreFactory,
) -> None:
    async with stores.opened() as store, stores.opened() as reader:
        cancelled, expired = queued(), queued(ttl_s=0.1)
        for record in (cancelled, expired):
            await store.enqueue(record)
        read = await reader.get(expired.id)
        assert read is not None
        failed = Failed("Cancelled", "cancelled", retryable=True)
        assert await store.end_queued(cancelled.id, failed)
        assert cancelled.failure == failed
        assert not await store.end_queued(cancelled.id, failed)
        await asyncio.sleep(0.15)
        assert (await store.claim()).record is None
        await until(lambda: read.failure is not None)
        assert read.failure is not None
        assert read.failure.code == "job_expired"
        assert await store.waiting("key a") == (0, 0)


async def test_the_only_process_knows_that_a_job_of_its_queue_has_expired(
    stores: StoreFactory,
) -> None:
    async with stores.opened() as store:
        record = await store.enqueue(queued(ttl_s=0.1))
        await until(lambda: record.failure is not None)
        assert record.failure is not None
        assert record.failure.code == "job_expired"
        assert not record.running
        assert store.host.ended == [record.id], "one process tells of it, once"


async def test_a_job_that_is_removed_is_gone_for_every_process(stores: StoreFactory) -> None:
    async with stores.opened() as store, stores.opened() as reader:
        record = JobRecord(REQUEST)
        await store.add(record)
        record.log.append(EVENTS[2])
        await store.flush()
        read = await reader.get(record.id)
        assert read is not None
        await store.remove(record.id)
        assert await store.get(record.id) is None
        async with asyncio.timeout(30):
            while await reader.get(record.id) is read:
                await asyncio.sleep(0.01)
        assert await reader.get(record.id) is None
        assert await store.database.events(record.id, 0) == []


async def test_what_ended_jobs_keep_is_bounded_in_the_database(stores: StoreFactory) -> None:
    async with stores.opened() as store:
        records = [JobRecord(REQUEST) for _ in range(4)]
        for record in records:
            await store.add(record)
            record.log.append(EVENTS[2])
            await store.flush()
        running = JobRecord(REQUEST)
        await store.add(running)
        gone = await store.remove_ended(3600, 2, 2**30)
        assert gone == [records[0].id, records[1].id]
        store._swept_s = 0
        assert await store.remove_ended(3600, 9, 1) == [records[2].id]
        store._swept_s = 0
        assert await store.remove_ended(0, 9, 2**30) == [records[3].id]
        assert await store.get(running.id) is running
        for record in records:
            assert await store.database.job(record.id) is None
            assert await store.database.events(record.id, 0) == []


def test_secrets_are_read_with_their_own_key_and_job_alone(tmp_path: Path) -> None:
    box = SecretBox.of_folder(tmp_path / "jobs")
    sealed = box.seal("job", {"key": "value"})
    assert sealed is not None
    assert b"value" not in sealed
    assert SecretBox.of_folder(tmp_path / "jobs").open("job", sealed) == {"key": "value"}
    assert box.seal("job", {}) is None
    assert box.open("job", None) == {}
    for other, job_id, data in (
        (SecretBox.of_password("p"), "job", sealed),
        (box, "other", sealed),
        (box, "job", sealed[:-1] + b"\0"),
    ):
        with pytest.raises(StorageError):
            other.open(job_id, data)


async def test_a_file_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    folder = tmp_path / "jobs"
    folder.mkdir(mode=0o700)
    with sqlite3.connect(folder / "jobs.sqlite") as file:
        file.executescript(TABLES)
        file.execute("PRAGMA user_version = 1")
    for _ in range(2):
        async with StoreFactory(folder, None).opened() as store:
            record = queued()
            await store.enqueue(record)
            assert (await store.claim()).record is not None
            assert await store.advance(record.id, "a", 1) == 0


async def test_edits_have_versions_and_hold_their_job(stores: StoreFactory) -> None:
    async with stores.opened() as one, stores.opened() as other:
        record, unedited = JobRecord(REQUEST), JobRecord(REQUEST)
        for each in (record, unedited):
            await one.add(each)
            for event in EVENTS:
                each.log.append(event)
        await one.flush()
        assert await one.edits(record.id, "a") == UNEDITED
        assert await one.save_edits(record.id, "a", b"first", {0}) == 1
        written = [store.save_edits(record.id, "a", b"second", {1}) for store in (one, other)]
        assert sorted(await asyncio.gather(*written), key=bool) == [None, 2]
        assert await other.edits(record.id, "a") == StoredEdits(2, b"second")
        assert await other.edits(record.id, "b") == UNEDITED
        assert await other.save_edits(record.id, "b", b"theirs", None) == 1
        assert await other.save_edits(record.id, "a", None, None) == 3
        assert await one.edits(record.id, "a") == StoredEdits(3, None)
        with pytest.raises(JobNotFoundError):
            await one.save_edits("unknown", "a", b"", None)
        weights = {row.id: row.weight_bytes for row in await one.database.ended()}
        assert weights[record.id] - weights[unedited.id] == len(b"theirs")
        assert await one.remove_ended(0, 9, 2**30, 3600) == [unedited.id]
        one._swept_s = 0.0
        assert await one.remove_ended(0, 9, 2**30, 0) == [record.id]
        assert await other.edits(record.id, "b") == UNEDITED
