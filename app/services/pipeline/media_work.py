"""One kind of work on the whole media of a job, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.services.pipeline.work_pace import WorkPace

_HALF_MS = 600_000
"""Where the length of the media is not known, ten minutes of it count as half of the work, twenty
as two thirds and so on: the percentage moves, is never at its end, and leaves room for the rest."""


@dataclass(slots=True)
class MediaWork:
    """One kind of work on the whole media, such as its translation.

    Attributes:
        total_ms: media time of all of it; None while it is not known.
        exact: whether the total is certain, else the media may turn out longer.
        done_ms: media time of what is done.
        busy_ms: time that the device worked for that, where it is known.
        pace: of this work.
    """

    total_ms: int | None = None
    exact: bool = False
    done_ms: int = 0
    busy_ms: float = 0.0
    pace: WorkPace = field(default_factory=WorkPace)

    def reached(self, done_ms: int, elapsed_ms: int) -> None:
        """Note how much is done, after a time since the job's begin."""
        self.done_ms = done_ms
        self.pace.reached(done_ms, elapsed_ms)

    def is_long(self, total_ms: int, *, exact: bool) -> None:
        """Note how much there is, unless that is certain already."""
        if not self.exact:
            self.total_ms, self.exact = total_ms, exact

    def ends_at(self, total_ms: int) -> None:
        """Note where the work ends for certain."""
        self.total_ms, self.exact = total_ms, True

    @property
    def share(self) -> float:
        """How much of the work is done, 0 to 1; a guess where the total is not known."""
        if self.total_ms is None:
            return self.done_ms / (self.done_ms + _HALF_MS)
        return min(1.0, self.done_ms / self.total_ms) if self.total_ms else 1.0

    def remaining_beside_ms(self, other_ms: float) -> float | None:
        """Return the time for the rest of work that gives way to other work on the same device.

        While that goes on it has the pace that it has had, afterwards the device is its own.

        Args:
            other_ms: how long the other work goes on.
        """
        if self.share >= 1:
            return other_ms
        if self.total_ms is None or not self.done_ms or not self.busy_ms:
            return None
        left_ms = self.total_ms - self.done_ms - self.pace.usual * other_ms
        return other_ms + max(0.0, left_ms) * self.busy_ms / self.done_ms

    def remaining_ms(self, elapsed_ms: int) -> float | None:
        """Return the time for the rest; None where it is not known."""
        if self.total_ms is None:
            return None
        return 0.0 if self.share >= 1 else self.pace.remaining_ms(self.total_ms, elapsed_ms)
