"""The door looks at the queue before it lets a job in."""

from types import SimpleNamespace
from typing import Any

import pytest

from app.domain.errors import OverloadedError
from app.domain.request import JobRequest, MediaUrl
from app.services.jobs.runner import JobRunner
from app.services.jobs.store.memory_job_store import MemoryJobStore
from app.settings import SchedulerSettings, Settings


async def test_a_job_that_would_wait_too_long_is_refused_before_any_work() -> None:
    asked: list[str] = []

    def wait_s(audience: str) -> float:
        asked.append(audience)
        return 42.0

    room = SimpleNamespace(full=False, expected_first_wait_s=wait_s)
    readiness = SimpleNamespace(admit=lambda: None, state="loading", engine_manager=room)
    nothing: Any = None
    settings = Settings(scheduler=SchedulerSettings(viewer_wait_s=30))
    runner = JobRunner(
        settings,
        readiness,  # type: ignore[arg-type]
        nothing,
        MemoryJobStore(),
        nothing,
    )
    with pytest.raises(OverloadedError) as caught:
        await runner.submit(JobRequest(MediaUrl("http://127.0.0.1/x.mp3")))
    assert caught.value.retry_after_s == 12
    assert asked == ["viewer"]
    assert runner.running == []
