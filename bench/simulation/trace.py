"""Arrivals of viewers: steady, an evening with its peak, a video that goes viral."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_LANGUAGES = ("es", "pt", "fr", "de", "id", "ar", "hi", "ja")
_WEIGHTS = (30, 18, 12, 10, 9, 8, 8, 5)
_POPULAR = 0.35
"""Share of viewers who watch one of the popular videos; all others watch one that nobody else
does."""
_POPULAR_VIDEOS = 100
_FROM_START = 0.8
"""Share of viewers who begin at the beginning."""
_MEDIAN_S = 720.0
_SPREAD = 0.9
_SHORTEST_S, _LONGEST_S = 60.0, 7200.0
_VIRAL_S = 1200.0
_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """One viewer.

    Attributes:
        at_s: when he comes.
        source: the video.
        length_s: of the video.
        language: that he reads; None for the spoken one.
        position_s: where he begins to watch.
    """

    at_s: float
    source: str
    length_s: float
    language: str | None = None
    position_s: float = 0.0


def steady(viewers: int, hours: float, seed: int) -> list[Arrival]:
    """Return viewers who come at any time alike (a Poisson process of a given number)."""
    chance = random.Random(seed)
    return _arrivals(chance, [chance.uniform(0, hours * _HOUR_S) for _ in range(viewers)])


def evening(viewers: int, hours: float, seed: int) -> list[Arrival]:
    """Return viewers of whom most come around two thirds of the time, as in an evening."""
    chance = random.Random(seed)
    length_s = hours * _HOUR_S
    times: list[float] = []
    while len(times) < viewers:
        at_s = chance.gauss(length_s * 0.66, length_s * 0.12)
        if chance.random() < 0.25:
            at_s = chance.uniform(0, length_s)
        if 0 <= at_s < length_s:
            times.append(at_s)
    return _arrivals(chance, times)


def viral(viewers: int, hours: float, seed: int) -> list[Arrival]:
    """Return viewers of one video: word spreads, then everybody has seen it (a logistic curve)."""
    chance = random.Random(seed)
    middle_s, scale_s = hours * _HOUR_S / 2, hours * _HOUR_S / 14
    times: list[float] = []
    while len(times) < viewers:
        share = chance.random()
        at_s = middle_s + scale_s * math.log(share / (1 - share)) if 0 < share < 1 else -1.0
        if 0 <= at_s < hours * _HOUR_S:
            times.append(at_s)
    return [
        Arrival(
            at_s,
            "viral",
            _VIRAL_S,
            chance.choices(_LANGUAGES, _WEIGHTS)[0],
            _position(chance, _VIRAL_S),
        )
        for at_s in sorted(times)
    ]


TRACES: Mapping[str, Callable[[int, float, int], list[Arrival]]] = {
    "steady": steady,
    "evening": evening,
    "viral": viral,
}


def _arrivals(chance: random.Random, times: list[float]) -> list[Arrival]:
    """Return viewers of videos of which some are popular."""
    lengths = [_length_s(chance) for _ in range(_POPULAR_VIDEOS)]
    fame = [1 / (rank + 1) for rank in range(_POPULAR_VIDEOS)]
    found = []
    for number, at_s in enumerate(sorted(times)):
        source, length_s = f"video {number}", _length_s(chance)
        if chance.random() < _POPULAR:
            rank = chance.choices(range(_POPULAR_VIDEOS), fame)[0]
            source, length_s = f"popular {rank}", lengths[rank]
        language = chance.choices(_LANGUAGES, _WEIGHTS)[0]
        found.append(Arrival(at_s, source, length_s, language, _position(chance, length_s)))
    return found


def _length_s(chance: random.Random) -> float:
    drawn_s = _MEDIAN_S * math.exp(chance.gauss(0, _SPREAD))
    return float(round(min(max(drawn_s, _SHORTEST_S), _LONGEST_S)))


def _position(chance: random.Random, length_s: float) -> float:
    if chance.random() < _FROM_START:
        return 0.0
    return float(round(chance.uniform(0, length_s * 0.9)))
