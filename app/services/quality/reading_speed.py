"""Cues that leave too little time to read them, as a notice."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.events import Notice
from app.domain.written_cue import WrittenCue
from app.services.quality.quality_report import QualityReport

TOO_FAST = "cues_too_fast"

_PLACES_TOLD = 10


def too_fast(report: QualityReport, cues: Sequence[WrittenCue]) -> Notice | None:
    """Return how many cues are faster than the profile's reading speed, and the first of them.

    What people say is never shortened, and a translation only as far as its sense is kept, so
    such cues are told rather than mended.

    Args:
        report: of the cues.
        cues: that were checked.

    Returns:
        None where the profile's limit holds everywhere.
    """
    (rule,) = (rule for rule in report.rules if rule.name == "reading_speed")
    if not rule.faults:
        return None
    starts = {cue.number: cue.start_ms for cue in cues}
    first = rule.faults[:_PLACES_TOLD]
    times = ", ".join(f"{starts[fault.cue] / 1000:.1f}" for fault in first)
    more = " and later" if len(rule.faults) > _PLACES_TOLD else ""
    fastest = max(fault.value for fault in rule.faults if isinstance(fault.value, float))
    text = (
        f"{len(rule.faults)} of {report.cues} cues leave too little time to read them, with more "
        f"than {rule.limit:g} characters a second, at most {fastest:g}: at {times}{more} s"
    )
    return Notice(TOO_FAST, text)
