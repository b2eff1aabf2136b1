"""Quality of the cues of a job, measured once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.domain.cue import Cue
from app.domain.events import Notice
from app.domain.profile import ReadingProfile
from app.domain.quality_score import QualityScore
from app.domain.video_timing import NO_VIDEO, VideoTiming
from app.services.quality.quality_report import CUE_CHARS, check_quality, shown_cues
from app.services.quality.quality_rule import CheckedTrack
from app.services.quality.reading_speed import too_fast
from app.system.bounded_work import work_on


@dataclass(frozen=True, slots=True)
class JobQuality:
    """What is said of the cues of a job.

    Attributes:
        notices: what readers have to put up with, such as cues that are too fast.
    """

    score: QualityScore
    notices: tuple[Notice, ...] = ()


async def measure_bounded(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str = "und",
    video: VideoTiming = NO_VIDEO,
) -> JobQuality:
    """Measure cues as the server's subtitle files show them, where it delays nothing else.

    Raises:
        OverloadedError: too many wait for a place to do so.
        TooMuchWorkError: it takes more memory or time than it may.
    """
    chars = sum(len(cue.shown) + CUE_CHARS for cue in cues)
    found = await work_on(_measured, cues, profile, language, video, chars=chars)
    return found[0]


def _measured(
    cues: list[Cue], profile: ReadingProfile, language: str, video: VideoTiming
) -> Iterator[JobQuality]:
    shown = shown_cues(cues, profile, language, video)
    report = check_quality(CheckedTrack(shown, profile, language, video))
    notice = too_fast(report, shown)
    yield JobQuality(report.summary, () if notice is None else (notice,))
