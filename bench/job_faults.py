"""``python -m bench.job_faults``: the fault test of the queue at length, with its figures."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
from pathlib import Path

from tests.postgres import PostgresServer
from tests.services.jobs.faults import check, run_faults

_SECONDS = 20
"""Of each job's recording."""


def main() -> int:
    """Run from a terminal; an assertion says what was lost or doubled."""
    parser = argparse.ArgumentParser(prog="python -m bench.job_faults", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--kill-every", type=int, default=20, help="a worker dies after so many")
    arguments = parser.parse_args()
    server = PostgresServer()
    try:
        server.start()
        with tempfile.TemporaryDirectory(prefix="cuestream-faults-") as folder:
            outcome = asyncio.run(
                run_faults(
                    server,
                    Path(folder),
                    jobs=arguments.jobs,
                    seconds=_SECONDS,
                    decode_s=0.2,
                    kill_every=arguments.kill_every,
                )
            )
    finally:
        server.remove()
    check(outcome, _SECONDS)
    events = [len(seen.ids) for seen in outcome.seen.values()]
    connections = [seen.connections for seen in outcome.seen.values()]
    print(f"jobs completed once                {len(outcome.seen)}")
    print(f"events read, none lost or doubled  {sum(events)}")
    print(f"workers killed                     {outcome.killed}")
    print(f"database started again             {outcome.restarts}")
    print(f"jobs taken over                    {outcome.taken_over}")
    print(f"connections of a reader, median    {statistics.median(connections):g}")
    print(f"connections of a reader, most      {max(connections)}")
    print(f"seconds                            {outcome.seconds:.0f}")
    print(f"jobs a second                      {len(outcome.seen) / outcome.seconds:.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
