"""What a job's record keeps of its callers."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class CallerNotes:
    """What a job's record keeps of its callers, by the name that `holder` of their requests has.

    Attributes:
        formats: subtitle files that each one wants of the result.
        left: those who cancelled the job.
        stores: those who want these files stored, each with his store as JSON text; empty for the
            server's. It holds a secret, so a store of jobs keeps it encrypted.
    """

    formats: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    stores: dict[str, str] = field(default_factory=dict, repr=False)
