"""``python -m bench``: take the figures, print a table, write ``bench/results.json``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from bench.comparison import (
    Comparison,
    comparison_lines,
    merged_comparisons,
    read_comparisons,
    write_comparisons,
)
from bench.document import DOCUMENT, RATIOS, SPEECH, ratio_lines, write_part
from bench.figure import Figure
from bench.machine import describe_machine
from bench.measurements import MEASURES, Taken, run
from bench.progress import Progress
from bench.readme_figures import PART, README, readme_lines
from bench.results import format_table, merged, read_results, write_results

RESULTS = Path(__file__).parent / "results.json"
COMPARISONS = Path(__file__).parent / "comparisons.json"


def main() -> int:
    """Run from a terminal; missed goals are printed and do not fail."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("measurement", nargs="*", help=f"{', '.join(MEASURES)}; all if none")
    parser.add_argument(
        "--update", action="store_true", help="write some figures beside those of earlier runs"
    )
    parser.add_argument(
        "--fresh-peers", action="store_true", help="ask the peers again, whatever is cached"
    )
    arguments = parser.parse_args()
    chosen = arguments.measurement or list(MEASURES)
    if unknown := set(chosen) - set(MEASURES):
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    every_one = set(chosen) == set(MEASURES)
    progress = Progress()
    progress.step(describe_machine())
    # The whole takes hours: one that is stopped keeps what it took, beside earlier figures.
    kept = _update if arguments.update or every_one else lambda _: None
    taken = run(chosen, progress, fresh_peers=arguments.fresh_peers, taken_so_far=kept)
    print(f"\n{format_table(taken.rows)}\n")
    print("others: cores that other processes kept busy; ! from 0.2 on, take the figure again")
    if every_one and not taken.failures and not arguments.update:
        _write(taken.figures, taken.comparisons)
    for path in (RESULTS, COMPARISONS, DOCUMENT, README) if arguments.update or every_one else ():
        print(f"written to {path.relative_to(RESULTS.parents[1])}")
    if taken.failures:
        print("\n".join(["not taken:", *taken.failures]))
        return 1
    return 0


def _update(taken: Taken) -> None:
    """Write what was measured beside earlier figures."""
    _write(
        merged(read_results(RESULTS), taken.figures),
        merged_comparisons(read_comparisons(COMPARISONS), taken.comparisons),
    )


def _write(figures: Sequence[Figure], comparisons: Sequence[Comparison]) -> None:
    """Write figures in the place of all earlier ones."""
    write_results(RESULTS, figures)
    write_comparisons(COMPARISONS, comparisons)
    write_part(RATIOS, ratio_lines(figures))
    write_part(SPEECH, comparison_lines(comparisons))
    write_part(PART, readme_lines(figures), README)


if __name__ == "__main__":
    raise SystemExit(main())
