"""``python -m bench.simulation``: simulate workers behind RunPod and print what viewers see."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.figure import BenchError
from bench.simulation.chart import Line, chart
from bench.simulation.costs import stage_costs
from bench.simulation.endpoint import Endpoint
from bench.simulation.measured_costs import write_measured
from bench.simulation.platform import simulate
from bench.simulation.report import lines
from bench.simulation.scaling_document import write_document
from bench.simulation.trace import TRACES


def main() -> int:
    """Simulate one trace, measure this machine, or write the document; return the exit status."""
    options = _options()
    try:
        if options.document is not None:
            write_document(options.document)
        elif options.measure:
            write_measured(options.measure)
        else:
            _simulate(options)
    except (BenchError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _simulate(options: argparse.Namespace) -> None:
    costs = stage_costs(options.card, options.costs)
    endpoint = Endpoint(
        kind=options.kind,
        min_workers=options.min,
        max_workers=options.max,
        scaler=options.scaler,
        scaler_value=options.value,
        idle_s=options.idle,
        flashboot=not options.no_flashboot,
        shared_store=options.shared_store,
        shared_cache=options.shared_cache,
    )
    arrivals = TRACES[options.trace](options.viewers, options.hours, options.seed)
    outcome = simulate(arrivals, costs, endpoint)
    print(f"{options.viewers} viewers, {options.trace}, {options.hours:g} h, seed {options.seed}")
    print(f"costs            {costs.source}")
    print("\n".join(lines(outcome, costs)))
    if options.chart:
        running = [(at_s, number) for at_s, number, _ in outcome.workers]
        times = [each.at_s for each in arrivals]
        title = f"{options.viewers} viewers, {options.trace}"
        svg = chart(title, times, [Line("workers", running)], outcome.workers[-1][0])
        options.chart.write_text(svg, "utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    add = parser.add_argument
    add("--trace", choices=sorted(TRACES), default="evening", help="how viewers come")
    add("--viewers", type=int, default=1000)
    add("--hours", type=float, default=4.0, help="length of the trace")
    add("--seed", type=int, default=1, help="equal seeds give equal traces")
    add("--card", default="ADA_24", help="GPU pool, or an entry of the costs")
    add("--costs", type=Path, help="JSON of stage costs, or figures as bench/results.json")
    add("--kind", choices=("load_balancer", "queue"), default="load_balancer")
    add("--min", type=int, default=0, help="workers that always run")
    add("--max", type=int, default=3, help="most workers")
    add("--scaler", choices=("REQUEST_COUNT", "QUEUE_DELAY"), default="REQUEST_COUNT")
    add("--value", type=float, default=4.0, help="requests a worker, or seconds of waiting")
    add("--idle", type=float, default=5.0, help="seconds until an idle worker stops")
    add("--no-flashboot", action="store_true")
    add("--shared-store", action="store_true", help="jobs in one Postgres")
    add("--shared-cache", action="store_true", help="one cache folder on a network volume")
    add("--chart", type=Path, help="write a chart of the workers as SVG")
    add("--measure", metavar="NAME", help="time this machine's engine; add it to the costs")
    add("--document", nargs="*", metavar="PART", help="write docs/scaling.md and its picture again")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
