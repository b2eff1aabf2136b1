"""Jobs on workers that are killed again and again, with a reader for each job.

The jobs are uploads of their own on an engine that takes a moment. Readers follow them over HTTP at
any worker and resume elsewhere with ``Last-Event-ID`` when theirs has died.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psycopg

from app.domain.request import JobRequest, UploadedFile
from app.services.jobs.queue_options import QueueOptions
from app.services.jobs.record import JobRecord
from app.services.jobs.store.job_store import JobStore
from app.settings import CacheSettings, JobStoreSettings, Settings
from tests.clients.scripted_engines import sentences
from tests.postgres import PostgresServer
from tests.server import INHERITED, ROOT, free_port

RATE_HZ = 16_000
LEASE_S = 4.0


@dataclass
class Seen:
    """What one reader has seen of a job."""

    ids: list[int] = field(default_factory=list)
    cues: dict[int, dict[str, Any]] = field(default_factory=dict)
    doubled: list[int] = field(default_factory=list)
    connections: int = 0
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None

    @property
    def ended(self) -> bool:
        return self.result is not None or self.error is not None

    def take(self, event_id: int, data: dict[str, Any]) -> None:
        """Note an event."""
        self.ids.append(event_id)
        self.result = data.get("result", self.result)
        self.error = data if "error" in data else self.error
        if data.get("type") == "cues" and data["final"]:
            self.doubled += [cue["id"] for cue in data["cues"] if cue["id"] in self.cues]
            self.cues |= {cue["id"]: cue for cue in data["cues"]}
        if data.get("type") == "dropped":
            self.doubled += [each for each in data["ids"] if each in self.cues]


@dataclass
class Workers:
    """Servers that share a database; each can be killed, and comes back at its port."""

    folder: Path
    url: str
    count: int
    decode_s: float
    ports: list[int] = field(default_factory=list)
    pids: dict[int, int] = field(default_factory=dict)
    killed: int = 0

    def start(self) -> None:
        """Start the process that they are forked from, and all of them."""
        env = {name: os.environ[name] for name in INHERITED if name in os.environ}
        env |= {
            "DATABASE_URL": self.url,
            "JOB_LEASE_S": str(LEASE_S),
            "JOB_ATTEMPTS": "1000",
            "MAX_JOBS": "4",
            "CACHE_DIR": str(self.folder / "cache"),
            "WORK_DIR": str(self.folder),
            "TRANSLATION_PROVIDER": "apertium",
            "ALIGNMENT_ENABLED": "false",
            "RATE_LIMITS_ENABLED": "false",
            "MAX_KEPT_JOBS": "100000",
            "MAX_KEPT_JOBS_MB": "100000",
            "LOG_LEVEL": "WARNING",
            "DECODE_S": str(self.decode_s),
            "HF_HUB_OFFLINE": "1",
        }
        with (self.folder / "workers.log").open("wb") as log:
            self._zygote = subprocess.Popen(
                [
                    *("setpriv", "--pdeathsig", "KILL", "--", sys.executable),
                    *("-m", "tests.services.jobs.fault_workers"),
                ],
                cwd=ROOT,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self.ports = [free_port() for _ in range(self.count)]
        for port in self.ports:
            self.start_one(port)

    def start_one(self, port: int) -> None:
        """Start a server."""
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(f"{port}\n")
        self._zygote.stdin.flush()
        self.pids[port] = int(self._zygote.stdout.readline())

    def kill_one(self, port: int) -> None:
        """Kill a server, and start another one at its port."""
        with suppress(ProcessLookupError):
            os.kill(self.pids[port], signal.SIGKILL)
            self.killed += 1
        self.start_one(port)

    def stop(self) -> None:
        """Kill all of them."""
        for pid in self.pids.values():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._zygote.kill()
        self._zygote.wait()

    @property
    def log(self) -> str:
        return (self.folder / "workers.log").read_text(errors="replace")


def recording(path: Path, seconds: int, seed: int) -> UploadedFile:
    """Write loud noise, which the engine takes for speech, unlike that of any other seed."""
    samples = np.random.default_rng(seed).uniform(-0.5, 0.5, seconds * RATE_HZ)
    data = (samples * 32767).astype("<i2").tobytes()
    size = len(data)
    head = b"RIFF" + (36 + size).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    head += (1).to_bytes(2, "little") * 2 + RATE_HZ.to_bytes(4, "little")
    head += (2 * RATE_HZ).to_bytes(4, "little") + b"\2\0\x10\0data" + size.to_bytes(4, "little")
    path.write_bytes(head + data)
    return UploadedFile(path, f"{seed:064x}", path.name, "audio/wav")


def settings_of(url: str, folder: Path) -> Settings:
    """Return the settings of a process that hands jobs in."""
    from pydantic import SecretStr

    store = JobStoreSettings(database_url=SecretStr(url), job_lease_s=LEASE_S)
    return Settings(job_store=store, caches=CacheSettings(cache_dir=folder / "cache"))


async def hand_in(store: JobStore, folder: Path, count: int, seconds: int) -> list[str]:
    """Put jobs into the queue; return their ids."""
    jobs = []
    for number in range(count):
        upload = recording(folder / f"{number}.wav", seconds, number)
        record = JobRecord(JobRequest(upload), queue=QueueOptions(owner="faults"))
        jobs.append((await store.enqueue(record)).id)
    return jobs


async def read(client: httpx.AsyncClient, ports: list[int], job_id: str, seen: Seen) -> None:
    """Follow a job to its end, at one worker after the other."""
    chosen = random.Random(job_id)
    while not seen.ended:
        url = f"http://127.0.0.1:{chosen.choice(ports)}/api/jobs/{job_id}/events"
        headers = {"Last-Event-ID": str(seen.ids[-1])} if seen.ids else {}
        try:
            async with client.stream(
                "GET", url, params={"view": "native"}, headers=headers
            ) as response:
                if response.status_code == 200:
                    seen.connections += 1
                    await _read_frames(response, seen)
        except httpx.HTTPError:
            pass
        if not seen.ended:
            await asyncio.sleep(0.1)


async def _read_frames(response: httpx.Response, seen: Seen) -> None:
    event_id = None
    async for line in response.aiter_lines():
        if line.startswith("id: "):
            event_id = int(line[4:])
        elif line.startswith("data: ") and event_id is not None:
            data = json.loads(line[6:])
            if "error" in data and data.get("code") == "server_shutdown":
                return
            if event_id not in seen.ids[-1:] or "error" not in data:
                seen.take(event_id, data)
            event_id = None


async def kill_in_turns(
    workers: Workers, postgres: PostgresServer, seen: Mapping[str, Seen], every: int
) -> int:
    """Kill one worker after the other, each after some more jobs, and the database once.

    Returns:
        How often the database was started again.
    """
    turn, restarts = 0, 0
    while (ended := sum(each.ended for each in seen.values())) < len(seen):
        if ended >= every * (turn + 1):
            await asyncio.to_thread(workers.kill_one, workers.ports[turn % len(workers.ports)])
            turn += 1
        elif ended >= len(seen) // 2 and not restarts:
            restarts = 1
            await asyncio.to_thread(postgres.restart)
        await asyncio.sleep(0.05)
    return restarts


@dataclass
class Outcome:
    """What came of it."""

    seen: dict[str, Seen]
    seconds: float
    killed: int
    restarts: int
    taken_over: int
    left: dict[str, int]
    states: dict[str, int]


def check(outcome: Outcome, seconds: int) -> None:
    """Assert that nothing was lost and nothing came twice."""
    said = [segment.text for segment in sentences(0, seconds * 1000)]
    expected = " ".join(said).split()
    for job_id, seen in outcome.seen.items():
        assert seen.error is None, (job_id, seen.error)
        assert seen.ids == list(range(1, len(seen.ids) + 1)), (job_id, "missing or doubled events")
        assert not seen.doubled, (job_id, seen.doubled)
        assert seen.result is not None
        in_order = sorted(seen.cues.values(), key=lambda cue: int(cue["span"]["start_ms"]))
        shown = " ".join(str(cue["text"]) for cue in in_order).split()
        result = " ".join(str(cue["text"]) for cue in seen.result["subtitles"]).split()
        assert shown == result, job_id
        assert len(result) >= 0.9 * len(expected), (job_id, len(result), len(expected))
    assert outcome.states == {"done": len(outcome.seen)}
    assert outcome.left == {"queue": 0, "uploads": 0, "ends": 0}, outcome.left


def database_facts(url: str, folder: Path) -> tuple[int, dict[str, int], dict[str, int]]:
    """Return jobs taken over, what is left behind, and jobs by state."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET search_path TO cuestream")
        one = "SELECT count(*) FROM jobs WHERE attempts > 1"
        taken = connection.execute(one.encode()).fetchone()
        queue = connection.execute(b"SELECT count(*) FROM procrastinate_jobs").fetchone()
        ends = connection.execute(
            b"""SELECT count(*) FROM (SELECT job_id FROM events WHERE kind IN ('Done', 'Failed')
                GROUP BY job_id HAVING count(*) <> 1) AS wrong"""
        ).fetchone()
        states = connection.execute(b"SELECT state, count(*) FROM jobs GROUP BY state").fetchall()
    assert taken
    assert queue
    assert ends
    uploads = len(list((folder / "cache" / "jobs" / "uploads").glob("*")))
    left = {"queue": queue[0], "uploads": uploads, "ends": ends[0]}
    return taken[0], left, dict(states)


async def run_faults(
    postgres: PostgresServer,
    folder: Path,
    *,
    jobs: int,
    seconds: int,
    decode_s: float,
    kill_every: int,
) -> Outcome:
    """Run jobs to their end on three workers, which are killed in turns, with one new start of the
    database; return what came of it."""
    from app.services.jobs.store.open_job_store import open_job_store
    from tests.services.jobs.durable_stores import Host

    url = postgres.create_database()
    workers = Workers(folder, url, 3, decode_s)
    store = open_job_store(settings_of(url, folder))
    await store.open(Host())
    started = time.monotonic()
    try:
        await asyncio.to_thread(workers.start)
        ids = await hand_in(store, folder, jobs, seconds)
        seen = {job_id: Seen() for job_id in ids}
        killer = asyncio.create_task(kill_in_turns(workers, postgres, seen, kill_every))
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(timeout=30, limits=limits, trust_env=False) as client:
            readers = [read(client, workers.ports, job_id, each) for job_id, each in seen.items()]
            await asyncio.gather(killer, *readers)
        restarts = killer.result()
        seconds_taken = time.monotonic() - started
        # A worker that was killed between a job's end and the removal of its upload leaves that to
        # the others, which look every now and then.
        await store.remove_ended(1e9, 10**9, 10**12)
        taken, left, states = await asyncio.to_thread(database_facts, url, folder)
        return Outcome(seen, seconds_taken, workers.killed, restarts, taken, left, states)
    finally:
        workers.stop()
        await store.close()
        postgres.drop_database(url)
