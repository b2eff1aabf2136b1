"""Quality report: every rule, what breaks it, and a score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.domain.quality_score import QualityScore
from app.domain.style import without_italics
from app.domain.video_timing import NO_VIDEO, VideoTiming
from app.domain.written_cue import WrittenCue
from app.services.layout.line_breaks import break_lines
from app.services.layout.translated_track import translated_track
from app.services.quality.line_rules import LINE_RULES
from app.services.quality.quality_rule import CheckedTrack, Fault, QualityRule, Severity, Value
from app.services.quality.speaker_rules import SPEAKER_RULES
from app.services.quality.text_rules import TEXT_RULES
from app.services.quality.timing_rules import TIMING_RULES
from app.system.bounded_work import work_on

RULES: tuple[QualityRule, ...] = (*TIMING_RULES, *LINE_RULES, *TEXT_RULES, *SPEAKER_RULES)
"""Every rule, in the order of a report."""

CUE_CHARS = 160
"""Checking a cue takes about as long as reading this much text."""


@dataclass(frozen=True, slots=True)
class RuleReport:
    """One rule in a report.

    Attributes:
        checked: whether there was anything to check it by.
        limit: the profile's number; None where there is none.
        faults: every place, in the order of time or of the file.
    """

    name: str
    meaning: str
    severity: Severity
    checked: bool
    limit: Value
    unit: str
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class QualityReport:
    """What a check of cues found.

    Attributes:
        profile: name of the profile.
        language: BCP 47 tag whose limits hold.
        cues: how many were checked.
        conforming: cues without an error.
        rules: all rules.
    """

    profile: str
    language: str
    cues: int
    conforming: int
    rules: tuple[RuleReport, ...]

    @property
    def score(self) -> float:
        """Share of the cues that break no limit of the profile, 0..1; advice does not count.

        Rounded down, so that 1 means all of them.
        """
        return int(10_000 * self.conforming / self.cues) / 10_000 if self.cues else 1.0

    @property
    def summary(self) -> QualityScore:
        """The score, and how often each rule is broken."""
        broken = {rule.name: len(rule.faults) for rule in self.rules if rule.faults}
        return QualityScore(self.profile, self.score, self.cues, self.conforming, broken)


def check_quality(track: CheckedTrack) -> QualityReport:
    """Check cues by every rule; pure, and linear in the size of the text."""
    rules = tuple(_checked(rule, track) for rule in RULES)
    wrong = {fault.cue for rule in rules if rule.severity == "error" for fault in rule.faults}
    return QualityReport(
        track.asked.name,
        track.language,
        len(track.cues),
        sum(cue.number not in wrong for cue in track.cues),
        rules,
    )


def _checked(rule: QualityRule, track: CheckedTrack) -> RuleReport:
    applies = rule.applies(track)
    return RuleReport(
        rule.name,
        rule.meaning,
        rule.severity,
        applies,
        rule.limit(track) if applies else None,
        rule.unit,
        tuple(rule.check(track)) if applies else (),
    )


async def check_bounded(
    cues: Sequence[WrittenCue],
    profile: ReadingProfile,
    language: str = "und",
    video: VideoTiming = NO_VIDEO,
    file_rate: float | None = None,
) -> QualityReport:
    """Check cues where that delays nothing else; see `check_quality`.

    Raises:
        TooMuchWorkError: it takes more memory or time than it may.
    """
    chars = sum(len(cue.text) + len(cue.markup) + CUE_CHARS for cue in cues)
    found = await work_on(_report, cues, profile, language, video, file_rate, chars=chars)
    return found[0]


async def check_shown_bounded(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str = "und",
    video: VideoTiming = NO_VIDEO,
) -> tuple[QualityReport, list[WrittenCue]]:
    """Check the cues of a job as its subtitle files show them; see `check_quality`.

    Returns:
        The report, and the cues that it numbers.

    Raises:
        TooMuchWorkError: it takes more memory or time than it may.
    """
    chars = sum(len(cue.shown) + CUE_CHARS for cue in cues)
    report, *shown = await work_on(_report_of_shown, cues, profile, language, video, chars=chars)
    return cast("QualityReport", report), cast("list[WrittenCue]", shown)


def _report(
    cues: list[WrittenCue],
    profile: ReadingProfile,
    language: str,
    video: VideoTiming,
    file_rate: float | None,
) -> Iterator[QualityReport]:
    yield check_quality(CheckedTrack(cues, profile, language, video, file_rate))


def _report_of_shown(
    cues: list[Cue], profile: ReadingProfile, language: str, video: VideoTiming
) -> Iterator[QualityReport | WrittenCue]:
    shown = shown_cues(cues, profile, language, video)
    yield check_quality(CheckedTrack(shown, profile, language, video))
    yield from shown


def shown_cues(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str = "und",
    video: VideoTiming = NO_VIDEO,
) -> list[WrittenCue]:
    """Return cues as a subtitle file of the server shows them, broken into lines.

    Where the profile's translations stand on their own, so do they in files.
    """
    if profile.free_translations and any(cue.translation for cue in cues):
        cues = translated_track(cues, profile, language, video)
    own = profile.in_language(language)
    ordered = sorted(cues, key=lambda cue: cue.span)
    return [
        WrittenCue(
            number,
            cue.span.start_ms,
            cue.span.end_ms,
            tuple(line for line in break_lines(cue.shown, own, language) if line.strip()),
            cue.speaker,
            cue.placement,
            cue.shown_runs if own.italics else without_italics(cue.shown_runs),
            cue.lane,
        )
        for number, cue in enumerate(ordered, start=1)
    ]
