"""Quality of subtitles as JSON objects."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.quality_score import QualityScore
from app.domain.written_cue import WrittenCue
from app.services.quality.quality_report import QualityReport, RuleReport


def report_payload(report: QualityReport, cues: Sequence[WrittenCue]) -> dict[str, object]:
    """Return a whole report: each rule with each cue that breaks it."""
    by_number = {cue.number: cue for cue in cues}
    return {
        "profile": report.profile,
        "language": report.language,
        "cues": report.cues,
        "conforming": report.conforming,
        "score": report.score,
        "rules": [_rule_payload(rule, by_number) for rule in report.rules],
    }


def _rule_payload(rule: RuleReport, cues: dict[int, WrittenCue]) -> dict[str, object]:
    return {
        "rule": rule.name,
        "meaning": rule.meaning,
        "severity": rule.severity,
        "checked": rule.checked,
        "limit": rule.limit,
        "unit": rule.unit,
        "count": len(rule.faults),
        "faults": [
            {
                "cue": fault.cue,
                "start": cues[fault.cue].start_ms if fault.cue in cues else None,
                "end": cues[fault.cue].end_ms if fault.cue in cues else None,
                "value": fault.value,
            }
            for fault in rule.faults
        ],
    }


def score_payload(found: QualityScore) -> dict[str, object]:
    """Return what a result says of its quality: the score, and how often each rule is broken."""
    return {
        "profile": found.profile,
        "score": found.score,
        "cues": found.cues,
        "conforming": found.conforming,
        "broken": dict(found.broken),
    }
