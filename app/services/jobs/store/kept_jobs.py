"""Which of the ended jobs are kept."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Sequence

from app.services.jobs.store.job_rows import EndedRow


def surplus_jobs(
    ended: Sequence[EndedRow],
    retention_s: float,
    limit: int,
    limit_bytes: int,
    edited_retention_s: float | None = None,
) -> list[str]:
    """Return the ids of ended jobs that go; see `JobStore.remove_ended`.

    Args:
        ended: of equal age the one that ended first comes first.
        retention_s: age after the end from which a job goes.
        limit: jobs that stay at most.
        limit_bytes: what they hold at most.
        edited_retention_s: age after the last edit from which a job with edits goes; as for others
            unless given.
    """
    ended = sorted(ended, key=lambda row: -row.age_s)
    edited_s = retention_s if edited_retention_s is None else edited_retention_s
    surplus = max(0, len(ended) - limit)
    gone = [
        row
        for n, row in enumerate(ended)
        if n < surplus or row.age_s > (edited_s if row.edited else retention_s)
    ]
    ids = {row.id for row in gone}
    kept = [row for row in ended if row.id not in ids]
    return [row.id for row in [*gone, *_too_heavy(kept, limit_bytes)]]


def _too_heavy(kept: Sequence[EndedRow], limit_bytes: int) -> list[EndedRow]:
    """Return the jobs that must go: the oldest of the caller whose jobs hold most."""
    held: Counter[str] = Counter()
    waiting: dict[str, deque[EndedRow]] = defaultdict(deque)
    for row in kept:
        held[row.caller] += row.weight_bytes
        waiting[row.caller].append(row)
    gone: list[EndedRow] = []
    while held.total() > limit_bytes and len(gone) < len(kept) - 1:
        caller = max(held, key=lambda name: (bool(waiting[name]), held[name]))
        row = waiting[caller].popleft()
        if row is kept[-1]:
            held[caller] = 0
            continue
        held[caller] -= row.weight_bytes
        gone.append(row)
    return gone
