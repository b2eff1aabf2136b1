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


async def test_a_reader_that_looks_in_now_and_then_counts_for_its_time_and_no_longer(
    tmp_path: Path,
) -> None:
    job = started(0, tmp_path)
    for _ in range(3):
        job.renew_lease(0.2)
        await asyncio.sleep(0.1)
    assert job.running, "each look counts anew"
    job.attach()
    job.detach(0.0)
    await asyncio.sleep(0.05)
    assert job.running, "another reader's leaving is not its own"
    await asyncio.sleep(0.3)
    assert not job.running


async def test_a_reader_that_will_not_look_in_again_ends_the_job_but_not_for_others(
    tmp_path: Path,
) -> None:
    job = started(60, tmp_path)
    job.renew_lease(60)
    job.attach()
    job.renew_lease(0)
    await asyncio.sleep(0.05)
    assert job.running
    job.renew_lease(60)
    job.detach()
    job.renew_lease(0)
    await asyncio.sleep(0.05)
    assert not job.running
