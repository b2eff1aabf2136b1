"""What is covered of a recording that is worked on here and there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.domain.time import Span
from app.services.playback.ranges import Coverage, PlaybackRanges


def test_silence_counts_once_work_has_come_past_it() -> None:
    covered = Coverage(PlaybackRanges())
    assert not covered.covers(0)
    covered.reach(Span(8_000, 9_000))
    assert covered.total_ms == 9_000
    assert covered.covers(3_000)
    assert not covered.covers(9_000)


def test_a_stretch_ends_where_the_next_one_begins() -> None:
    ranges = PlaybackRanges()
    covered = Coverage(ranges)
    ranges.begin(50_000)
    covered.reach(Span(50_000, 60_000))
    assert covered.total_ms == 10_000
    covered.reach(Span(40_000, 51_000))
    assert covered.total_ms == 60_000, "what reaches into the next range counts once"
    assert covered.covers(49_999)
    assert covered.covers(55_000)
    assert ranges.end_of(0) == 50_000
    assert ranges.end_of(50_000) is None


def test_a_place_where_a_stretch_begins_already_is_not_a_new_one() -> None:
    ranges = PlaybackRanges()
    for start_ms in (30_000, 30_000, 0):
        ranges.begin(start_ms)
    assert ranges.start_of(29_999) == 0
    assert ranges.start_of(30_000) == 30_000
    assert ranges.end_of(0) == 30_000


@given(
    st.lists(st.integers(0, 100), max_size=8, unique=True),
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 20)), max_size=30),
)
def test_what_is_covered_only_grows_and_never_exceeds_what_was_reached(
    starts: list[int], work: list[tuple[int, int]]
) -> None:
    ranges = PlaybackRanges()
    for start_ms in starts:
        ranges.begin(start_ms)
    covered = Coverage(ranges)
    seen = 0
    for start_ms, duration_ms in work:
        covered.reach(Span(start_ms, start_ms + duration_ms))
        assert covered.total_ms >= seen
        seen = covered.total_ms
    assert seen == sum(covered.covers(ms) for ms in range(140))
