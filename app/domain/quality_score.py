"""How well the cues of a result obey its reading profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QualityScore:
    """Sum of a quality report.

    Attributes:
        profile: name of the reading profile.
        score: share of the cues that break no limit, 0..1, rounded down.
        cues: how many were checked.
        conforming: how many of them break no limit.
        broken: how often each rule is broken, by its name; advice included.
    """

    profile: str
    score: float
    cues: int
    conforming: int
    broken: Mapping[str, int]
