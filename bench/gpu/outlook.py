"""The sections of the GPU table; the goals stand in their place until a GPU was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.gpu import alignment, interference, policies, voices, whisper_speed, whole
from bench.gpu.ceilings import H200, Ceilings
from bench.gpu.plan import FULL, Plan
from bench.gpu.row import Row, Section, goal_lines
from bench.gpu.site import Site


@dataclass(frozen=True, slots=True)
class TableSection:
    """A section.

    Attributes:
        rows: yields its rows without values.
        measure: takes them.
    """

    title: str
    rows: Callable[[Plan, Ceilings], Iterator[Row]]
    measure: Callable[[Site], Section]


SECTIONS = {
    "whisper": TableSection(whisper_speed.TITLE, whisper_speed.rows, whisper_speed.measure),
    "policies": TableSection(policies.TITLE, policies.rows, policies.measure),
    "voices": TableSection(voices.TITLE, voices.rows, voices.measure),
    "alignment": TableSection(alignment.TITLE, alignment.rows, alignment.measure),
    "interference": TableSection(interference.TITLE, interference.rows, interference.measure),
    "whole": TableSection(whole.TITLE, whole.rows, whole.measure),
}

_NOTHING = (
    "**No GPU has been measured yet.** `make bench-gpu` measures every section and writes it here. "
    "The goals, with bounds computed for an NVIDIA H200 (788 TFLOP/s in bfloat16, 67 in float32, "
    "4.3 TB/s; `make bench-gpu` computes them from the card's own ceilings):"
)


def lines() -> Iterator[str]:
    """Yield the goals with the bounds of an H200, for a page without measured values."""
    yield _NOTHING
    yield from goal_lines(row for section in SECTIONS.values() for row in section.rows(FULL, H200))
