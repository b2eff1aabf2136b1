"""A queue that loses nothing, whatever dies."""

from __future__ import annotations

from pathlib import Path

from tests.postgres import PostgresServer
from tests.services.jobs.faults import check, run_faults


async def test_workers_die_again_and_again_and_no_job_or_event_is_lost_or_doubled(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    outcome = await run_faults(postgres, tmp_path, jobs=36, seconds=12, decode_s=0.2, kill_every=6)
    check(outcome, 12)
    assert outcome.killed > 0
    assert outcome.taken_over > 0, "some worker died with a job of its own"
    assert any(seen.connections > 1 for seen in outcome.seen.values())
