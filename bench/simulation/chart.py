"""A chart of viewers and workers over time, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 760, 320, 52, 44, 52, 30
_BINS = 120
_STYLE = (
    "text{font:12px sans-serif;fill:#444}.grid{stroke:#ddd}.axis{stroke:#888}"
    ".area{fill:#cfe3f7}.line{fill:none;stroke-width:2}"
)
_COLOURS = ("#c2410c", "#15803d", "#6d28d9", "#0e7490")


@dataclass(frozen=True, slots=True)
class Line:
    """Running workers of one simulation.

    Attributes:
        name: for the legend.
        workers: times in seconds with the number from then on.
    """

    name: str
    workers: Sequence[tuple[float, int]]


def chart(title: str, arrivals_s: Sequence[float], lines: Sequence[Line], end_s: float) -> str:
    """Return a chart: viewers who come as an area, workers that run as lines.

    Args:
        title: above it.
        arrivals_s: when each viewer comes.
        lines: one for each setting, on one scale.
        end_s: where the axis of time ends.
    """
    averages = [_averages(line, end_s) for line in lines]
    top = _round_up(max(map(max, averages), default=1))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{title}</title><style>{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="16">{title}</text>',
        _area(arrivals_s, end_s),
        *_grid(top, end_s),
    ]
    for number, (line, values) in enumerate(zip(lines, averages, strict=True)):
        colour = _COLOURS[number % len(_COLOURS)]
        parts.append(
            f'<polyline class="line" stroke="{colour}" points="{_polyline(values, top)}"/>'
        )
        x = _LEFT + 220 * number
        parts.append(f'<text x="{x}" y="36" style="fill:{colour}">▬ {line.name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _grid(top: int, end_s: float) -> list[str]:
    found = []
    for step in range(5):
        y = _y(step / 4)
        found.append(f'<line class="grid" x1="{_LEFT}" y1="{y}" x2="{_WIDTH - _RIGHT}" y2="{y}"/>')
        label = f"{top * step / 4:g}"
        found.append(f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{label}</text>')
    for step in range(7):
        x = _x(step / 6)
        label = f"{end_s * step / 6 / 60:.0f} min"
        found.append(f'<text x="{x}" y="{_HEIGHT - 22}" text-anchor="middle">{label}</text>')
    note = (
        "lines: workers that run, on average of a slice; area: viewers who come, to its own scale"
    )
    found.append(f'<text x="{_LEFT}" y="{_HEIGHT - 6}">{note}</text>')
    return found


def _area(arrivals_s: Sequence[float], end_s: float) -> str:
    bins = [0] * _BINS
    for at_s in arrivals_s:
        bins[min(_BINS - 1, int(at_s / end_s * _BINS))] += 1
    most = max(bins) or 1
    points = [
        f"{_x((place + 0.5) / _BINS)},{_y(0.9 * each / most)}" for place, each in enumerate(bins)
    ]
    return f'<polygon class="area" points="{_x(0)},{_y(0)} {" ".join(points)} {_x(1)},{_y(0)}"/>'


def _averages(line: Line, end_s: float) -> list[float]:
    """Return the workers that ran on average in each slice of the time."""
    slices = [0.0] * _BINS
    width_s = end_s / _BINS
    changes = [*line.workers, (end_s, 0)]
    for (at_s, number), (until_s, _) in pairwise(changes):
        for place in range(int(at_s / width_s), _BINS):
            start_s = place * width_s
            inside_s = min(until_s, start_s + width_s) - max(at_s, start_s)
            if inside_s <= 0:
                break
            slices[place] += number * inside_s / width_s
    return slices


def _polyline(values: Sequence[float], top: float) -> str:
    points = (f"{_x((place + 0.5) / _BINS)},{_y(each / top)}" for place, each in enumerate(values))
    return " ".join(points)


def _x(share: float) -> float:
    return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)


def _y(share: float) -> float:
    return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP), 1)


def _round_up(most: float) -> int:
    return max(4, 4 * math.ceil(most / 4))
