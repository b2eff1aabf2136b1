"""What a simulation found, as lines of text and rows of tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.percentile import percentile
from bench.simulation.costs import StageCosts
from bench.simulation.platform import Outcome

_HOUR_S = 3600.0
_PERCENTS = (50, 95, 99)

TABLE_HEAD = (
    "| what | p50 | p95 | p99 | lost | refused | workers | worker h | busy | US$ | US$/video h |",
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
)


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one simulation.

    Attributes:
        first_cue_s: 50th, 95th and 99th percentile of the time to the first cue; None where nobody
            was served.
        lost: viewers who gave up, of all.
        refused: answers that told a viewer to come back.
        most_workers: at a time.
        worker_hours: that are paid.
        busy: share of them in which the device worked.
        usd: price of all.
        usd_per_video_hour: the same for each hour of video that viewers asked for.
    """

    first_cue_s: tuple[float, ...] | None
    lost: int
    refused: int
    most_workers: int
    worker_hours: float
    busy: float
    usd: float
    usd_per_video_hour: float

    @property
    def row(self) -> str:
        """The cells of a table's row, but for the first."""
        seconds = self.first_cue_s or (None,) * len(_PERCENTS)
        cells = [
            *("—" if each is None else f"{each:.1f} s" for each in seconds),
            f"{self.lost:,}",
            f"{self.refused:,}",
            f"{self.most_workers}",
            f"{self.worker_hours:.2f}",
            f"{self.busy:.0%}",
            f"{self.usd:.2f}",
            f"{self.usd_per_video_hour:.4f}",
        ]
        return " | ".join(cells)


def report(outcome: Outcome, costs: StageCosts) -> Report:
    """Return the figures of an outcome."""
    served = outcome.first_cue_s
    hours = outcome.worker_s / _HOUR_S
    usd = hours * costs.hour_usd
    return Report(
        first_cue_s=tuple(percentile(served, each) for each in _PERCENTS) if served else None,
        lost=outcome.lost,
        refused=outcome.refused,
        most_workers=max(running for _, running, _ in outcome.workers),
        worker_hours=hours,
        busy=outcome.busy_s / outcome.worker_s if outcome.worker_s else 0.0,
        usd=usd,
        usd_per_video_hour=usd / (outcome.asked_s / _HOUR_S) if outcome.asked_s else 0.0,
    )


def lines(outcome: Outcome, costs: StageCosts) -> Iterator[str]:
    """Yield what the command prints of one simulation."""
    found = report(outcome, costs)
    names = ("p50", "p95", "p99")
    if found.first_cue_s is not None:
        shown = zip(names, found.first_cue_s, strict=True)
        yield "first cue        " + ", ".join(f"{name} {value:.2f} s" for name, value in shown)
    yield f"viewers          {len(outcome.first_cue_s)} served, {found.lost} lost"
    yield f"answers          {found.refused} told to come back, {outcome.jobs} jobs worked on"
    yield f"workers          {found.most_workers} at most, {outcome.most_streams} streams of one"
    yield f"paid             {found.worker_hours:.2f} worker hours, {found.busy:.0%} of them busy"
    yield (
        f"cost             US$ {found.usd:.2f}, {found.usd_per_video_hour:.4f} an hour of video "
        f"({costs.name} at {costs.hour_usd:g} an hour)"
    )
    yield "workers over time (running, ready):"
    yield from _over_time(outcome.workers)


def _over_time(changes: Sequence[tuple[float, int, int]], most: int = 24) -> Iterator[str]:
    """Yield the number of workers at even times."""
    end_s = max(changes[-1][0], 1.0)
    step_s = end_s / most
    for number in range(most + 1):
        at_s = number * step_s
        _, running, ready = next(each for each in reversed(changes) if each[0] <= at_s)
        yield f"{at_s / 60:7.1f} min  {running:3d} {ready:3d}  {'#' * min(running, 80)}"
