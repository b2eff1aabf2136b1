"""What a job's record keeps of its callers."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class CallerNotes:
    """What a job's record keeps of its callers, by the name that `holder` of their requests has.

    Attributes:
        formats: subtitle files that each one wants of the result.
        left: those who cancelled the job.
    """

    formats: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
