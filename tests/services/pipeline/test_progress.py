"""Progress is told from positions and never goes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.events import Progress
from app.domain.time import Span
from app.services.pipeline.progress import ProgressTracker, format_duration, format_eta
from app.services.playback.ranges import Coverage, PlaybackRanges


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "0:00"), (61_000, "1:01"), (3_600_000, "1:00:00"), (86_399_000, "23:59:59")],
)
def test_media_times(ms: int, text: str) -> None:
    assert format_duration(ms) == text


@pytest.mark.parametrize(
    ("ms", "text"), [(1, "1s"), (45_000, "45s"), (80_000, "1m 20s"), (7_500_000, "2h 5m")]
)
def test_remaining_times(ms: float, text: str) -> None:
    assert format_eta(ms) == text


@given(
    st.one_of(st.none(), st.integers(1, 10**7)),
    st.booleans(),
    st.lists(st.tuples(st.booleans(), st.integers(0, 10**7)), max_size=30),
)
def test_percent_never_falls_and_stays_below_the_end(
    duration_ms: int | None, translating: bool, moves: list[tuple[bool, int]]
) -> None:
    tracker = ProgressTracker(translating=translating, done=Coverage(PlaybackRanges()))
    reported: list[Progress | None] = [tracker.opened(duration_ms)]
    for heard, end_ms in moves:
        reported.append((tracker.transcribed if heard else tracker.finished)(Span(0, end_ms), 1000))
    reported += [tracker.transcription_ended(), tracker.finalizing()]
    percents = [progress.percent for progress in reported if progress]
    assert percents == sorted(percents)
    assert percents[-1] == 95, "the job itself adds the last step"
    assert all(percent <= 95 for percent in percents)
    assert all(progress.message for progress in reported if progress)


def test_half_the_audio_is_half_the_work_and_the_rest_takes_as_long() -> None:
    tracker = ProgressTracker(translating=False, done=Coverage(PlaybackRanges()))
    tracker.opened(60_000)
    progress = tracker.finished(Span(28_000, 30_000), elapsed_ms=10_000)
    assert progress is not None
    assert progress.percent == 52
    assert progress.eta == "10s"


def test_nothing_new_is_not_told() -> None:
    tracker = ProgressTracker(translating=False, done=Coverage(PlaybackRanges()))
    tracker.opened(600_000)
    assert tracker.finished(Span(0, 60_000), 1000) is not None
    assert tracker.finished(Span(60_000, 60_001), 1001) is None


def test_what_is_covered_counts_wherever_it_is() -> None:
    ranges = PlaybackRanges()
    tracker = ProgressTracker(translating=False, done=Coverage(ranges))
    tracker.opened(100_000)
    for span in (Span(0, 10_000), Span(72_000, 80_000), Span(60_000, 69_000)):
        if span.start_ms == 72_000:
            ranges.begin(70_000)
        tracker.transcribed(span, 1000)
        told = tracker.finished(span, 1000)
    assert told is not None
    assert told.message == "Transcribed 1:19 of 1:40"
    assert told.percent == 10 + int(0.79 * 84)
