"""What the command remembers: it stays small, and never loses a job that a run works on."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from app.cli import job_memory
from app.cli.job_memory import MOST_AGE_S, JobMemory, RememberedJob


@pytest.fixture
def memory(tmp_path: Path) -> JobMemory:
    return JobMemory(tmp_path)


def remember(memory: JobMemory, folder: Path, key: str, age_s: float = 0) -> None:
    """Have a job remembered as a run does that ended so long ago."""
    with memory.claimed(key, lambda: None):
        memory.save(key, RememberedJob(events=f"/api/jobs/{key}/events"))
    for path in (folder / "jobs").glob(f"{key}.*"):
        os.utime(path, (time.time() - age_s,) * 2)


def names(folder: Path) -> set[str]:
    return {path.name.partition(".")[0] for path in (folder / "jobs").iterdir()}


def test_what_is_old_is_forgotten_with_all_its_files(memory: JobMemory, tmp_path: Path) -> None:
    remember(memory, tmp_path, "old", MOST_AGE_S + 60)
    remember(memory, tmp_path, "recent", MOST_AGE_S - 3600)
    (tmp_path / "jobs" / "torn.4711").write_text("{")  # of a run that was killed while it wrote
    os.utime(tmp_path / "jobs" / "torn.4711", (0, 0))
    later = JobMemory(tmp_path)
    with later.claimed("new", lambda: None):
        assert names(tmp_path) == {"recent", "new"}
    assert later.load("old") == RememberedJob()
    assert later.load("recent").events == "/api/jobs/recent/events"


def test_of_too_many_the_newest_stay(
    memory: JobMemory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        remember(memory, tmp_path, f"job{number}", age_s=60 * number)
    monkeypatch.setattr(job_memory, "MOST_JOBS", 3)
    with JobMemory(tmp_path).claimed("job0", lambda: None):
        assert names(tmp_path) == {"job0", "job1", "job2"}


def test_a_job_that_a_run_works_on_is_not_forgotten(memory: JobMemory, tmp_path: Path) -> None:
    remember(memory, tmp_path, "long", MOST_AGE_S + 60)
    busy = JobMemory(tmp_path)
    busy._prune_s = time.monotonic() + 60  # a run that began long ago
    with busy.claimed("long", lambda: None):
        with JobMemory(tmp_path).claimed("other", lambda: None):
            assert busy.load("long").events == "/api/jobs/long/events"
    with JobMemory(tmp_path).claimed("other", lambda: None):
        assert names(tmp_path) == {"other"}
