"""The tables and the picture of `docs/scaling.md`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bench.document import write_part
from bench.figure import BenchError
from bench.simulation.chart import Line, chart
from bench.simulation.costs import CARDS, StageCosts, computed_costs
from bench.simulation.endpoint import Endpoint
from bench.simulation.job import WINDOW_S
from bench.simulation.platform import Outcome, simulate
from bench.simulation.report import TABLE_HEAD, report
from bench.simulation.trace import TRACES, Arrival

DOCUMENT = Path(__file__).parents[2] / "docs" / "scaling.md"
PICTURE = DOCUMENT.with_suffix(".svg")
PICTURE_PART = "picture"

_SEED = 1
_CARD = "ADA_24"
_ALONE = Endpoint(min_workers=1, max_workers=1)
_BASE = Endpoint(max_workers=10)
_SHARED = replace(_BASE, shared_store=True, shared_cache=True)
_EVENING = ("evening", 400, 2.0)

SETTINGS: Mapping[str, Endpoint] = {
    "as it is: 0 to 10 workers, 4 requests a worker, idle 5 s": _BASE,
    "1 worker always runs": replace(_BASE, min_workers=1),
    "3 workers always run": replace(_BASE, min_workers=3),
    "3 workers at most": replace(_BASE, max_workers=3),
    "1 request a worker": replace(_BASE, scaler_value=1),
    "16 requests a worker": replace(_BASE, scaler_value=16),
    "idle 60 s": replace(_BASE, idle_s=60),
    "idle 600 s": replace(_BASE, idle_s=600),
    "without FlashBoot": replace(_BASE, flashboot=False),
    "shared store": replace(_BASE, shared_store=True),
    "shared cache": replace(_BASE, shared_cache=True),
    "shared store and cache": _SHARED,
    "a queue, 4 s of delay, 4 jobs a worker": replace(
        _BASE, kind="queue", scaler="QUEUE_DELAY", scaler_value=4
    ),
    "a queue, 4 requests a worker": replace(_BASE, kind="queue"),
}
"""One change at a time."""

CROWDS: Sequence[tuple[str, str, int, float, Endpoint]] = (
    ("10, one server", "evening", 10, 4.0, _ALONE),
    ("10, 0 to 3 workers", "evening", 10, 4.0, replace(_BASE, max_workers=3)),
    ("1,000, one server", "evening", 1000, 4.0, _ALONE),
    ("1,000, 0 to 10 workers", "evening", 1000, 4.0, _BASE),
    ("1,000, shared, 1 to 10", "evening", 1000, 4.0, replace(_SHARED, min_workers=1)),
    ("4,000, 0 to 30 workers", "evening", 4000, 4.0, replace(_BASE, max_workers=30)),
    ("1,000 of one video, one server", "viral", 1000, 1.0, _ALONE),
    ("1,000 of one video, 0 to 10 workers", "viral", 1000, 1.0, _BASE),
    ("1,000 of one video, shared, 1 to 10", "viral", 1000, 1.0, replace(_SHARED, min_workers=1)),
    ("100,000 of one video, one server", "viral", 100_000, 1.0, _ALONE),
    ("100,000 of one video, 0 to 10 workers", "viral", 100_000, 1.0, _BASE),
    (
        "100,000 of one video, shared, 1 to 10",
        "viral",
        100_000,
        1.0,
        replace(_SHARED, min_workers=1),
    ),
)

_HOURLY = (25, 50, 100, 200, 400, 800)


def parts() -> Mapping[str, Callable[[], Iterator[str]]]:
    """Return what makes each part of the document."""
    return {
        "cards": card_lines,
        "one-server": one_server_lines,
        "settings": settings_lines,
        "crowds": crowd_lines,
    }


def write_document(names: Sequence[str] = ()) -> None:
    """Simulate, and write tables and the picture.

    Args:
        names: of the parts; all unless given. ``picture`` is one of them.

    Raises:
        BenchError: there is no such part.
    """
    made = parts()
    if unknown := set(names) - {*made, PICTURE_PART}:
        raise BenchError(f"No part {sorted(unknown)}; known: {[*made, PICTURE_PART]}")
    for name in names or [*made, PICTURE_PART]:
        if name == PICTURE_PART:
            PICTURE.write_text(picture(), "utf-8")
        else:
            write_part(name, made[name](), DOCUMENT)


def card_lines() -> Iterator[str]:
    """Yield what an hour of video costs on each card when its batches are full."""
    yield "| pool | card | a call | each window | video h/h | US$/h | US$/video h |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for pool in CARDS:
        costs = computed_costs(pool)
        speed = full_speed(costs)
        card = costs.source.split(" for an ")[1].split(" from")[0]
        yield (
            f"| `{pool}` | {card} | {costs.call_s:.2f} s | {costs.window_s:.3f} s | {speed:.0f} "
            f"| {costs.hour_usd:.2f} | {costs.hour_usd / speed:.4f} |"
        )


def full_speed(costs: StageCosts) -> float:
    """Return the hours of video that a worker transcribes in an hour at best."""
    sound_s = WINDOW_S * costs.max_batch
    return sound_s / costs.batch_s(sound_s, costs.max_batch)


def one_server_lines() -> Iterator[str]:
    """Yield how a single server does with more and more viewers an hour."""
    yield from TABLE_HEAD
    for pool in ("AMPERE_24", "ADA_24"):
        costs = computed_costs(pool)
        for viewers in _HOURLY:
            outcome = simulate(TRACES["steady"](viewers * 2, 2.0, _SEED), costs, _ALONE)
            yield f"| `{pool}`, {viewers} an hour | {report(outcome, costs).row} |"


def settings_lines() -> Iterator[str]:
    """Yield what each setting does to one evening."""
    yield from TABLE_HEAD
    costs = computed_costs(_CARD)
    for name, endpoint in SETTINGS.items():
        yield f"| {name} | {report(simulate(_evening(), costs, endpoint), costs).row} |"


def crowd_lines(most: int = 10**9) -> Iterator[str]:
    """Yield how crowds of three sizes are served.

    Args:
        most: viewers of a row that is made.
    """
    yield from TABLE_HEAD
    costs = computed_costs(_CARD)
    for name, trace, viewers, hours, endpoint in CROWDS:
        if viewers <= most:
            outcome = simulate(TRACES[trace](viewers, hours, _SEED), costs, endpoint)
            yield f"| {name} | {report(outcome, costs).row} |"


def picture() -> str:
    """Return the picture of an evening's workers under two settings."""
    arrivals, costs = _evening(), computed_costs(_CARD)
    names = ("0 to 10, idle 5 s", "0 to 10, idle 600 s", "1 request a worker")
    wanted = (_BASE, replace(_BASE, idle_s=600), replace(_BASE, scaler_value=1))
    outcomes = [simulate(arrivals, costs, endpoint) for endpoint in wanted]
    end_s = max(outcome.workers[-1][0] for outcome in outcomes)
    shown = [Line(name, _running(each)) for name, each in zip(names, outcomes, strict=True)]
    title = "An evening of 400 viewers behind a load balancer"
    return chart(title, [each.at_s for each in arrivals], shown, end_s)


def _evening() -> list[Arrival]:
    trace, viewers, hours = _EVENING
    return TRACES[trace](viewers, hours, _SEED)


def _running(outcome: Outcome) -> list[tuple[float, int]]:
    return [(at_s, running) for at_s, running, _ in outcome.workers]
