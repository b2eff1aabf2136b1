"""Which of the ended jobs are kept."""

from __future__ import annotations

from collections import Counter, defaultdict
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

    Of too many jobs the oldest goes of whoever has most, of too heavy ones the oldest of whose
    jobs hold most, so that nobody's jobs go for another's.

    Args:
        ended: each once; of equal age the one that ended first comes first.
        retention_s: age after the end from which a job goes.
        limit: jobs that stay at most.
        limit_bytes: what they hold at most.
        edited_retention_s: age after the last edit from which a job with edits goes; as for others
            unless given.
    """
    edited_s = retention_s if edited_retention_s is None else edited_retention_s
    kept = _OwnersJobs(ended)
    for row in ended:
        if row.age_s > (edited_s if row.edited else retention_s):
            kept.remove(row)
    while len(kept) > limit:
        kept.remove(kept.oldest_of(kept.owner_of_most()))
    while kept.total_bytes > limit_bytes and len(kept) > 1:
        kept.remove(kept.oldest_of(kept.owner_of_heaviest()))
    return kept.removed


class _OwnersJobs:
    """Ended jobs by owner, of which the newest of all stays to the last.

    Args:
        ended: the jobs.

    Attributes:
        total_bytes: what those hold that are left.
        removed: ids of the others, in the order in which they went.
    """

    def __init__(self, ended: Sequence[EndedRow]) -> None:
        self.total_bytes = 0
        self.removed: list[str] = []
        self._bytes: Counter[str] = Counter()
        self._queues: dict[str, dict[str, EndedRow]] = defaultdict(dict)
        for row in sorted(ended, key=lambda row: -row.age_s):
            self._queues[row.owner][row.id] = row
            self._bytes[row.owner] += row.weight_bytes
            self.total_bytes += row.weight_bytes
            self._newest_id = row.id
        self._count = len(ended)

    def __len__(self) -> int:
        return self._count

    def owner_of_most(self) -> str:
        """Return who has the most jobs; of several the one with the oldest job."""
        return max(self._queues, key=lambda owner: (len(self._queues[owner]), self._age_s(owner)))

    def owner_of_heaviest(self) -> str:
        """Return whose jobs hold most, apart from who has the newest job alone."""
        having = [o for o, rows in self._queues.items() if rows.keys() - {self._newest_id}]
        return max(having, key=lambda owner: self._bytes[owner])

    def oldest_of(self, owner: str) -> EndedRow:
        """Return the oldest job of an owner."""
        return next(iter(self._queues[owner].values()))

    def remove(self, row: EndedRow) -> None:
        """Let a job go."""
        rows = self._queues[row.owner]
        del rows[row.id]
        if not rows:
            del self._queues[row.owner]
        self._bytes[row.owner] -= row.weight_bytes
        self.total_bytes -= row.weight_bytes
        self._count -= 1
        self.removed.append(row.id)

    def _age_s(self, owner: str) -> float:
        return self.oldest_of(owner).age_s
