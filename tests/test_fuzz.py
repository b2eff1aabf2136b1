"""The short form of `make fuzz`."""

from __future__ import annotations

from pathlib import Path

from fuzz.__main__ import fuzz_target
from fuzz.rounds import fuzz


def test_random_requests_find_no_defect_and_nothing_that_is_not_described(tmp_path: Path) -> None:
    notes = tmp_path / "rounds"
    notes.mkdir()
    with fuzz_target(tmp_path / "server") as (server, target):
        figures = fuzz(target, notes, requests=74, limit_s=120, brief=True)
        assert "request failed by a defect" not in server.log
    assert not figures.reports, figures.reports[0]
    assert figures.requests >= 40, figures.lines()
    assert len({name for name, _ in figures.statuses}) > 25, figures.lines()
