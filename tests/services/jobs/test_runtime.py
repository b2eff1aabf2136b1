"""How long a job lives without readers."""

import asyncio
from pathlib import Path

from app.domain.request import JobRequest, UploadedFile
from app.services.jobs.record import JobRecord
from app.services.jobs.runtime import JobRuntime


def started(grace_s: float, folder: Path) -> JobRuntime:
    file = folder / "upload"
    file.write_bytes(b"x")
    job = JobRuntime(JobRecord(JobRequest(UploadedFile(file, "0"))), grace_s)
    job.start(lambda _: asyncio.create_task(asyncio.sleep(60)))
    return job


async def test_without_any_grace_a_new_job_still_waits_for_its_first_reader(
    tmp_path: Path,
) -> None:
    job = started(0, tmp_path)
    await asyncio.sleep(0.05)
    assert not job.cancelled.is_set()
    job.attach()
    await asyncio.sleep(0.05)
    assert job.running
    job.detach()
    await asyncio.sleep(0.05)
    assert job.cancelled.is_set()
    assert not job.running


async def test_within_the_grace_time_a_reader_may_come_back(tmp_path: Path) -> None:
    job = started(0.2, tmp_path)
    job.attach()
    job.detach()
    await asyncio.sleep(0.05)
    job.attach()
    await asyncio.sleep(0.3)
    assert job.running
    job.cancel()


async def test_a_caller_who_looks_in_now_and_then_counts_for_his_time_and_no_longer(
    tmp_path: Path,
) -> None:
    job = started(0, tmp_path)
    for _ in range(3):
        job.callers.renew_lease("a", 0.2)
        await asyncio.sleep(0.1)
    assert job.running, "each look counts anew"
    job.attach()
    job.detach(0.0)
    await asyncio.sleep(0.05)
    assert job.running, "another reader's leaving is not his own"
    await asyncio.sleep(0.3)
    assert not job.running


async def test_who_cancels_is_gone_for_good_and_the_last_one_takes_the_work_along(
    tmp_path: Path,
) -> None:
    job = started(60, tmp_path)
    job.callers.renew_lease("a", 60)
    job.callers.renew_lease("b", 60)
    job.callers.leave("a")
    job.callers.renew_lease("a", 60)
    await asyncio.sleep(0.05)
    assert job.running, "the other one still waits"
    assert (job.callers.has_left("a"), job.callers.has_left("b")) == (True, False)
    job.callers.leave("b")
    await asyncio.sleep(0.05)
    assert not job.running


async def test_a_stream_keeps_a_job_that_a_caller_cancelled(tmp_path: Path) -> None:
    job = started(60, tmp_path)
    job.attach()
    job.callers.leave("a")
    await asyncio.sleep(0.05)
    assert job.running
    job.detach(0.0)
    await asyncio.sleep(0.05)
    assert not job.running


async def test_each_caller_has_the_files_that_he_asked_for(tmp_path: Path) -> None:
    job = started(60, tmp_path)
    job.callers.ask_formats("a", ["srt"])
    job.callers.ask_formats("b", [])
    job.callers.ask_formats("a", ["vtt", "srt"])
    assert job.callers.formats("a") == ("vtt", "srt")
    assert job.callers.formats("b") == job.callers.formats("c") == ()
    job.cancel()
