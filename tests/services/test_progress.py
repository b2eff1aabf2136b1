"""Progress is told from positions and never goes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.events import Progress
from app.services.progress import ProgressTracker, format_duration, format_eta


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
    tracker = ProgressTracker(translating=translating)
    told: list[Progress | None] = [tracker.opened(duration_ms)]
    for heard, end_ms in moves:
        told.append((tracker.heard if heard else tracker.finished)(end_ms, 1000))
    told += [tracker.all_heard(), tracker.finalizing(), tracker.complete(3)]
    percents = [progress.percent for progress in told if progress]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert all(percent <= 95 for percent in percents[:-1])
    assert all(progress.message for progress in told if progress)


def test_half_the_audio_is_half_the_work_and_the_rest_takes_as_long() -> None:
    tracker = ProgressTracker(translating=False)
    tracker.opened(60_000)
    progress = tracker.finished(30_000, elapsed_ms=10_000)
    assert progress is not None
    assert progress.percent == 52
    assert progress.eta == "10s"


def test_nothing_new_is_not_told() -> None:
    tracker = ProgressTracker(translating=False)
    tracker.opened(600_000)
    assert tracker.finished(60_000, 1000) is not None
    assert tracker.finished(60_001, 1001) is None
