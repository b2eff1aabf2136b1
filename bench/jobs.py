"""Speed of the queue of jobs, and what a durable event log costs.

Jobs of an instant engine show the queue alone: 23 events each, with words. PostgreSQL runs as its
own server on this machine and waits for the disk at each commit, as it does where nothing is set.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from app.domain.request import JobRequest, SiteVideo
from app.services.jobs.queue_options import QueueOptions
from app.services.jobs.record import JobRecord
from app.services.jobs.store.job_store import JobStore, Message
from app.services.jobs.store.open_job_store import open_job_store
from app.settings import JobSettings, JobStoreSettings, Settings, child_environment
from bench.figure import BenchError, Figure, Goal
from bench.job_worker import instant_runner
from bench.measure import BenchEnvironment
from bench.percentile import percentile
from bench.pipeline import run_job
from bench.recording import TALK
from bench.serving import serving
from tests.postgres import PostgresServer
from tests.server import ROOT

SQLITE = Goal("jobs_per_s_sqlite", 30, "jobs/s", "higher")
POSTGRES = Goal("jobs_per_s_postgres", 20, "jobs/s", "higher")
SCALING = Goal("postgres_4_workers_over_1", 2, "ratio", "higher")
START = Goal("enqueue_to_start_p99_ms", 100, "ms")
OVERHEAD = Goal("event_append_overhead", 1.05, "ratio")

_JOBS = 300
_STARTS = 200
_START_EVERY_S = 0.05
_ENGINE_S = 0.2
"""A job of the comparison of workers keeps its worker's one place so long, as a GPU would, and
takes no processor, which four workers on one machine would share."""

_SCALING_JOBS = 100
_OVERHEAD_MINUTES = 2
_OVERHEAD_ROUNDS = 5
_LIMIT_S = 300


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the figures of the queue on both databases, and of the event log."""
    figures = []
    with tempfile.TemporaryDirectory(prefix="cuestream-jobs-") as name:
        folder = Path(name)
        figures.append(SQLITE.reached(await _jobs_per_s(_settings(folder / "sqlite", None))))
        environment.progress.step(f"jobs: {figures[-1].value} a second in SQLite")
        server = PostgresServer(synchronised=True)
        try:
            await asyncio.to_thread(server.start)
            url = server.create_database()
            figures.append(POSTGRES.reached(await _jobs_per_s(_settings(folder, url))))
            environment.progress.step(f"jobs: {figures[-1].value} a second in PostgreSQL")
            figures.append(SCALING.reached(await _scaling(environment, folder, server)))
            figures.append(START.reached(await _start_ms(folder, server.create_database())))
        finally:
            await asyncio.to_thread(server.remove)
    figures.append(OVERHEAD.reached(await _overhead(environment)))
    return figures


def _settings(folder: Path, url: str | None, places: int = 32) -> Settings:
    store = JobStoreSettings(
        job_store="sqlite" if url is None else "postgres",
        database_url=None if url is None else SecretStr(url),
        jobs_dir=folder / "jobs",
    )
    return Settings(job_store=store, jobs=JobSettings(max_jobs=places, max_kept_jobs=100_000))


def _request(number: int) -> JobRequest:
    return JobRequest(SiteVideo(f"https://site.example/{number}"))


async def _jobs_per_s(settings: Settings) -> float:
    """Return how many jobs one worker ends in a second, from the first one's coming on."""
    runner = instant_runner(settings, 0.0)
    await runner.open()
    try:
        started = time.perf_counter()
        jobs = [await runner.enqueue(_request(number), QueueOptions()) for number in range(_JOBS)]
        async with asyncio.timeout(_LIMIT_S):
            for job in jobs:
                await job.wait_for_result()
        return _JOBS / (time.perf_counter() - started)
    finally:
        await runner.close()


async def _scaling(environment: BenchEnvironment, folder: Path, server: PostgresServer) -> float:
    """Return jobs a second of four workers by those of one."""
    speeds = []
    for workers in (1, 4):
        url = server.create_database()
        async with _store(_settings(folder, url)) as store, AsyncExitStack() as stack:
            for _ in range(workers):
                await stack.enter_async_context(_worker(folder, url, 1))
            started = time.perf_counter()
            records = []
            for number in range(_SCALING_JOBS):
                record = JobRecord(_request(number), queue=QueueOptions())
                records.append(await store.enqueue(record))
            await _all_ended(records)
            speeds.append(_SCALING_JOBS / (time.perf_counter() - started))
            environment.progress.step(f"jobs: {speeds[-1]:.1f} a second by {workers} workers")
    return speeds[1] / speeds[0]


async def _start_ms(folder: Path, url: str) -> float:
    """Return the time from a job's coming to its first event, as another process sees it."""
    waited: list[float] = []
    async with _store(_settings(folder, url)) as store, _worker(folder, url, 8):
        for number in range(_STARTS):
            record = JobRecord(_request(number), queue=QueueOptions())
            begun = asyncio.Event()
            record.log.listen(begun.set)
            started = time.perf_counter()
            await store.enqueue(record)
            async with asyncio.timeout(_LIMIT_S):
                await begun.wait()
            waited.append(1000 * (time.perf_counter() - started))
            await asyncio.sleep(_START_EVERY_S)
    return percentile(waited, 99)


async def _overhead(environment: BenchEnvironment) -> float:
    """Return the time of a whole job with a durable event log by that with one in memory."""
    media = environment.recordings.get(TALK, _OVERHEAD_MINUTES)
    ratios = []
    async with serving(JOB_STORE="memory") as memory, serving(JOB_STORE="sqlite") as durable:
        for number in range(_OVERHEAD_ROUNDS + 1):
            times = {}
            sides = [memory, durable] if number % 2 else [durable, memory]
            for side in sides:
                times[side.port] = (await run_job(side.port, media, environment.progress)).end_s
                await side.settle()
            ratio = times[durable.port] / times[memory.port]
            environment.progress.step(
                f"jobs: {times[durable.port]:.2f} s durable, {times[memory.port]:.2f} s in memory"
            )
            if number:  # the first round warms both up
                ratios.append(ratio)
    return statistics.median(ratios)


async def _all_ended(records: Sequence[JobRecord]) -> None:
    async with asyncio.timeout(_LIMIT_S):
        for record in records:
            changed = asyncio.Event()
            stop = record.log.listen(changed.set)
            while record.running:
                changed.clear()
                await changed.wait()
            stop()
            if record.result is None:
                raise BenchError(f"a job failed: {record.failure}")


class _Nobody:
    """The host of a store that hands jobs in and works on none."""

    def work_arrived(self) -> None:
        """See `StoreHost`."""

    def lease_lost(self, record: JobRecord) -> None:
        """See `StoreHost`."""

    def expired(self, job_id: str) -> None:
        """See `StoreHost`."""

    def message_received(self, job_id: str, message: Message) -> None:
        """See `StoreHost`."""


@asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[JobStore]:
    store = open_job_store(settings)
    await store.open(_Nobody())
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def _worker(folder: Path, url: str, places: int) -> AsyncIterator[None]:
    """Run a worker in a process of its own."""
    env = child_environment()
    env |= {"DATABASE_URL": url, "JOBS_DIR": str(folder / "jobs"), "MAX_JOBS": str(places)}
    env |= {"MAX_KEPT_JOBS": "100000"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.job_worker", str(_ENGINE_S)),
        cwd=ROOT,
        env=env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if b"ready" not in await process.stdout.readline():
            raise BenchError("a worker of the queue did not start")
        yield
    finally:
        process.stdin.close()
        await process.wait()
