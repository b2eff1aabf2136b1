"""RunPod's control plane as its SDK sees it, and the queue's public routes, on loopback.

The paths of the control plane are the tests' own; the SDK takes them from variables. Source of
what each answers: the SDK's modules rp_job, rp_http, rp_ping of version 1.12.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.server import INHERITED, ROOT, ServerProcess

_HOLD_S = 20.0
"""How long requests for jobs are held, unless there are some."""


@dataclass
class PlatformJob:
    """A job, and what was posted about it, in order: each a kind and its JSON."""

    id: str
    input: Any
    extra: dict[str, Any] = field(default_factory=dict)
    status: str = "IN_QUEUE"
    posts: list[tuple[str, Any]] = field(default_factory=list)

    def of(self, kind: str) -> list[Any]:
        return [payload for each, payload in self.posts if each == kind]

    @property
    def done(self) -> Any:
        (only,) = self.of("done")
        return only


class Platform:
    """The control plane, served by a thread of its own."""

    def __init__(self) -> None:
        self.jobs: dict[str, PlatformJob] = {}
        self.pings: list[str] = []
        self.held = 0
        self.asking = 0  # requests for jobs that are held
        self._loop = asyncio.new_event_loop()
        self._changed = asyncio.Event()
        self._stops: list[str] = []
        self._count = 0
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(30)

    def add(self, fields: Any, **extra: Any) -> PlatformJob:
        """Put a job into the queue."""
        job = PlatformJob(f"job-{len(self.jobs)}", fields, extra)
        self.jobs[job.id] = job
        self._loop.call_soon_threadsafe(self._changed.set)
        return job

    def stop(self, job: PlatformJob) -> None:
        """Tell the worker to stop a job."""
        self._stops.append(job.id)
        self._loop.call_soon_threadsafe(self._changed.set)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application(client_max_size=2**26)
        app.router.add_get("/job-take/{worker}", self._take)
        app.router.add_get("/job-take-batch/{worker}", self._take_batch)
        app.router.add_get("/job-stop/{worker}", self._stop)
        app.router.add_get("/ping/{worker}", self._ping)
        app.router.add_post("/job-done/{worker}/{id}", self._done)
        app.router.add_post("/job-stream/{worker}/{id}", self._stream)
        app.router.add_post("/v2/{ep}/run", self._run)
        app.router.add_get("/v2/{ep}/status/{id}", self._status)
        # A request whose client has gone is not answered.
        runner = web.AppRunner(app, handler_cancellation=True)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        self.port = runner.addresses[0][1]
        ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())

    async def _when(self, found: Any) -> Any:
        """Hold a request until there is something to answer, or the time is over."""
        deadline = self._loop.time() + _HOLD_S
        self.held += 1
        try:
            while not (some := found()) and (left := deadline - self._loop.time()) > 0:
                try:
                    await asyncio.wait_for(self._changed.wait(), left)
                except TimeoutError:
                    return found()
                self._changed.clear()
                await asyncio.sleep(0)
            return some
        finally:
            self.held -= 1

    def _queued(self, most: int) -> list[PlatformJob]:
        queued = [job for job in self.jobs.values() if job.status == "IN_QUEUE"][:most]
        for job in queued:
            job.status = "IN_PROGRESS"
        return queued

    async def _next(self, most: int) -> list[PlatformJob]:
        self.asking += 1
        try:
            jobs: list[PlatformJob] = await self._when(lambda: self._queued(most))
            return jobs
        finally:
            self.asking -= 1

    async def _take(self, request: web.Request) -> web.Response:
        jobs = await self._next(1)
        return web.json_response(_sent(jobs[0])) if jobs else web.Response(status=204)

    async def _take_batch(self, request: web.Request) -> web.Response:
        most = int(request.query["batch_size"])
        jobs = await self._next(most)
        return web.json_response([*map(_sent, jobs)]) if jobs else web.Response(status=204)

    async def _stop(self, _: web.Request) -> web.Response:
        def found() -> list[str]:
            stops, self._stops = self._stops, []
            return stops

        stops = await self._when(found)
        return web.json_response({"jobsToStop": stops}) if stops else web.Response(status=204)

    async def _ping(self, request: web.Request) -> web.Response:
        self.pings.append(request.query.get("job_id", ""))
        return web.Response()

    async def _done(self, request: web.Request) -> web.Response:
        job = self.jobs[request.match_info["id"]]
        payload = json.loads(await request.text())
        if payload.get("status") == "IN_PROGRESS":
            job.posts.append(("progress", payload["output"]))
        else:
            job.posts.append(("done", payload))
            job.status = "FAILED" if "error" in payload else "COMPLETED"
        return web.Response()

    async def _stream(self, request: web.Request) -> web.Response:
        payload = json.loads(await request.text())
        self.jobs[request.match_info["id"]].posts.append(("part", payload["output"]))
        return web.Response()

    async def _run(self, request: web.Request) -> web.Response:
        job = self.add((await request.json())["input"])
        return web.json_response({"id": job.id, "status": "IN_QUEUE"})

    async def _status(self, request: web.Request) -> web.Response:
        job = self.jobs[request.match_info["id"]]
        final = job.of("done")
        rest = {k: v for k, v in (final[-1] if final else {}).items() if k in {"output", "error"}}
        return web.json_response({"id": job.id, "status": job.status, **rest})


def _sent(job: PlatformJob) -> dict[str, Any]:
    return {"id": job.id, "input": job.input, **job.extra}


class WorkerProcess:
    """The real queue worker in a process of its own, with the tests' kinds of jobs."""

    def __init__(
        self, folder: Path, settings: Mapping[str, str], platform: Platform | None, *args: str
    ) -> None:
        self.log_path = folder / "worker.log"
        self.folder = folder
        env = {name: os.environ[name] for name in INHERITED if name in os.environ}
        env |= {"WORK_DIR": str(folder), "CACHE_DIR": str(folder / "cache"), "HOME": str(folder)}
        env |= {"ENABLE_WHISPER": "false", "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true"}
        env |= {"RUNPOD_SKIP_GPU_CHECK": "true", "PYTHONUNBUFFERED": "1"}
        if platform is not None:
            env |= _variables(platform.port)
        env |= settings
        command = ["setpriv", "--pdeathsig", "TERM", "--", sys.executable]
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "-m", "tests.queue_app", *args],
                cwd=ROOT,
                env=env,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        ServerProcess.started.add(self.process.pid)

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def stop(self, limit_s: float = 30) -> int:
        self.process.terminate()
        try:
            return self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def _variables(port: int) -> dict[str, str]:
    base = f"http://127.0.0.1:{port}"
    return {
        "RUNPOD_AI_API_KEY": "the-platforms-key",
        "RUNPOD_POD_ID": "w1",
        "RUNPOD_ENDPOINT_ID": "ep",
        "RUNPOD_PING_INTERVAL": "1000",
        "RUNPOD_WEBHOOK_GET_JOB": f"{base}/job-take/$ID?gpu=x",
        "RUNPOD_WEBHOOK_PING": f"{base}/ping/$RUNPOD_POD_ID?gpu=x",
        "RUNPOD_WEBHOOK_POST_OUTPUT": f"{base}/job-done/$RUNPOD_POD_ID/$ID?gpu=x",
        "RUNPOD_WEBHOOK_POST_STREAM": f"{base}/job-stream/$RUNPOD_POD_ID/$ID?gpu=x",
    }


def until(condition: Any, limit_s: float = 90, log: Any = None) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, log() if log else "it never happened"
        time.sleep(0.03)
