"""Jobs outlive their server, and callers list and cancel their own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.api_requests import SSE
from tests.server import Frames, ServerProcess, free_port, iter_frames, read_frame, read_stream
from tests.services.jobs.faults import recording

SECONDS = 300
KEYS = {name: {"X-API-Key": f"key-of-{name}"} for name in ("ann", "bob")}


class Restarted:
    """A server that can be ended and started again with the same folders and port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._settings = {
            "CACHE_DIR": str(folder / "cache"),
            "PORT": str(free_port()),
            "DECODE_S": "0.4",
            "API_KEYS": "key-of-ann,key-of-bob",
            "ALLOW_PRIVATE_URLS": "true",
        }
        self.server = self._started()

    def again(self, number: signal.Signals) -> None:
        """End the server, by SIGKILL with all that it runs, and start it again."""
        if number == signal.SIGKILL:
            workers = psutil.Process(self.server.process.pid).children(recursive=True)
            os.killpg(self.server.process.pid, number)
            self.server.process.wait()
            psutil.wait_procs(workers)
        else:
            self.server.stop()
        self.server = self._started()

    def _started(self) -> ServerProcess:
        application = "tests.services.jobs.fault_workers:application()"
        server = ServerProcess(self._folder, self._settings, application)
        server.wait_ready()
        return server


@pytest.fixture(scope="module")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restarted]:
    running = Restarted(tmp_path_factory.mktemp("outlive"))
    yield running
    running.server.stop()


def begin(server: ServerProcess, path: Path, frames: Frames, cues: int) -> str:
    """Stream an upload until so many events with cues have come; return the job's id."""
    with server.client(headers=KEYS["ann"]) as client, path.open("rb") as file:
        body: dict[str, Any] = {"files": {"file": file}}
        with client.stream("POST", "/api/stream", headers=SSE, **body) as response:
            assert response.status_code == 200
            try:
                for raw in iter_frames(response):
                    read_frame(frames, raw)
                    if len(frames.batches) >= cues:
                        break
            except httpx.HTTPError:
                pass
            return str(response.headers["X-Job-Id"])


def rest(server: ServerProcess, job: str, after: str) -> Frames:
    """Resume a stream."""
    with server.client(headers=KEYS["ann"]) as client:
        headers = {"Last-Event-ID": after}
        with client.stream("GET", f"/api/jobs/{job}/events", headers=headers) as response:
            assert response.status_code == 200
            return read_stream(response)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "ended"])
def test_a_restarted_server_goes_on_and_a_reader_gets_the_rest_once(
    restarted: Restarted, tmp_path: Path, number: signal.Signals
) -> None:
    path = recording(tmp_path / "talk.wav", SECONDS, int(number)).path
    frames = Frames()
    job = begin(restarted.server, path, frames, 3)
    restarted.again(number)
    after = next(event_id for event_id in reversed(frames.ids) if event_id)
    again = rest(restarted.server, job, after)
    assert again.result is not None, again.error
    numbers = [batch["batchInfo"]["current"] for batch in frames.batches + again.batches]
    assert numbers == list(range(1, len(numbers) + 1)), "none lost, none twice"
    shown = sorted(frames.cues + again.cues, key=lambda cue: int(cue["start"]))
    assert shown == again.result["subtitles"]
    assert len(frames.cues) < len(shown)
    # What has ended is there after one more start, too.
    with restarted.server.client(headers=KEYS["ann"]) as client:
        state = client.get(f"/api/jobs/{job}").json()
        assert state["state"] == "done"
        assert len(state["result"]["subtitles"]) == len(shown)
    assert list((restarted._folder / "cache" / "jobs" / "uploads").iterdir()) == []


def test_callers_list_their_own_jobs_in_pages(restarted: Restarted, tmp_path: Path) -> None:
    server = restarted.server
    captions = "1\n00:00:01,000 --> 00:00:02,000\nHello {}\n"
    with server.client() as client:
        ids = []
        for number in range(3):
            body = {"captions": captions.format(number)}
            answer = client.post("/api/process", json=body, headers=KEYS["bob"])
            ids.append(answer.headers["X-Job-Id"])
        first = client.get("/api/jobs", params={"limit": 2}, headers=KEYS["bob"]).json()
        assert [job["job_id"] for job in first["jobs"]] == [ids[2], ids[1]]
        assert first["next"] == ids[1]
        page = {"limit": 2, "before": first["next"]}
        last = client.get("/api/jobs", params=page, headers=KEYS["bob"]).json()
        assert [job["job_id"] for job in last["jobs"]] == [ids[0]]
        assert last["next"] is None
        job = last["jobs"][0]
        assert (job["state"], job["title"], job["code"]) == ("done", "captions", None)
        assert job["progress"]["percent"] == 100
        assert job["created_at"] <= job["ended_at"]
        others = client.get("/api/jobs", headers=KEYS["ann"]).json()["jobs"]
        assert not {job["job_id"] for job in others} & set(ids)
        assert client.get("/api/jobs").status_code == 401
        assert client.get("/api/jobs?limit=0", headers=KEYS["bob"]).status_code == 400
        unknown = client.get("/api/jobs?before=unknown", headers=KEYS["bob"]).json()
        assert unknown == {"jobs": [], "next": None}


def test_a_running_job_is_cancelled_by_its_owner(restarted: Restarted, tmp_path: Path) -> None:
    path = recording(tmp_path / "talk.wav", SECONDS, 99).path
    job = begin(restarted.server, path, Frames(), 1)
    with restarted.server.client() as client:
        other = client.delete(f"/api/jobs/{job}", headers=KEYS["bob"])
        assert (other.status_code, other.json()["cancelled"]) == (200, True)
        assert client.get(f"/api/jobs/{job}", headers=KEYS["ann"]).json()["state"] == "running"
        answer = client.delete(f"/api/jobs/{job}", headers=KEYS["ann"])
        assert answer.json()["cancelled"]
        deadline = time.monotonic() + 60
        while (found := client.get(f"/api/jobs/{job}", headers=KEYS["ann"]).json())[
            "state"
        ] != "failed":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert found["code"] == "cancelled"
        listed = client.get("/api/jobs?limit=1", headers=KEYS["ann"]).json()["jobs"][0]
        assert (listed["job_id"], listed["code"]) == (job, "cancelled")
        assert client.delete("/api/jobs/unknown", headers=KEYS["ann"]).status_code == 404
