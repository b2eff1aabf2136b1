"""Jobs of `/run` that are cancelled while a worker claims them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from app.services.jobs.queue_options import QueueOptions
from app.settings import Settings
from app.submission.queue.job_queue import JobQueue
from app.submission.queue.stored_orders import KIND
from app.submission.queue.ticket import Ticket
from tests.services.jobs.test_job_queue import REQUEST, worker


async def test_a_job_that_begins_behind_its_cancellation_stays_cancelled(tmp_path: Path) -> None:
    ended: list[Ticket] = []
    async with worker(tmp_path) as one:
        services: Any = SimpleNamespace(settings=Settings(), runner=one.runner)
        routes: Any = None  # no call is worked on
        queue = JobQueue(services, routes, ended.append)
        job = await one.runner.enqueue(REQUEST, QueueOptions("key a", delay_s=600, kind=KIND))
        ticket = await queue.get(job.id)
        queue.begun(job)
        await queue.cancel(ticket)
        queue.begun(job)
        assert (await queue.get(job.id)).status == "CANCELLED"
        assert ended == [ticket], "the end is told once"
        await queue.close()
