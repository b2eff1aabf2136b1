"""How long a job lives without readers."""

import asyncio
from pathlib import Path

from app.domain.request import JobRequest, UploadedFile
from app.services.job import Job


def started(grace_s: float, folder: Path) -> Job:
    file = folder / "upload"
    file.write_bytes(b"x")
    job = Job(JobRequest(UploadedFile(file, "0")), grace_s)
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
