"""The planner: whatever the cues and the lengths of their speech are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.services.dubbing.line_placement import (
    MOST_SHIFT_MS,
    MOST_SPEED_UP,
    PAUSE_MS,
    LinePlacement,
    LineToPlace,
    place_lines,
    time_limits,
)

TOTAL_MS = 60_000


@st.composite
def lines_to_place(draw: st.DrawFn) -> list[LineToPlace]:
    """Lines in order, some with cues that overlap, some with far too much to say."""
    begin = 0
    lines = []
    for _ in range(draw(st.integers(1, 25))):
        begin += draw(st.integers(0, 6000))
        shown = draw(st.integers(0, 7000))
        lines.append(LineToPlace(begin, begin + shown, draw(st.integers(1, 9000))))
    return lines


def are_shown_at_once(first: LineToPlace, second: LineToPlace) -> bool:
    return second.start_ms < max(first.end_ms, first.start_ms + 1)


@given(lines_to_place())
def test_what_holds_of_every_plan(lines: list[LineToPlace]) -> None:
    plan = place_lines(lines, TOTAL_MS)
    assert len(plan) == len(lines), "no line is lost"
    spoken = [pair for pair in zip(lines, plan, strict=True) if pair[1].is_spoken]
    for at, (line, placed) in enumerate(spoken):
        assert 0 <= placed.start_ms < placed.end_ms <= TOTAL_MS
        assert 1 <= placed.speed_up <= MOST_SPEED_UP
        assert placed.length_ms >= line.length_ms / placed.speed_up, "nothing is cut"
        for _, where in spoken[at + 1 : at + 2]:
            assert placed.end_ms <= where.start_ms, "no overlap, and the order stays"


@given(lines_to_place())
def test_whatever_does_not_fit_is_told(lines: list[LineToPlace]) -> None:
    limits = time_limits(lines, TOTAL_MS)
    for line, limit, placed in zip(lines, limits, place_lines(lines, TOTAL_MS), strict=True):
        if placed.fits:
            assert placed.start_ms == line.start_ms
            assert placed.end_ms <= limit
        elif placed.is_spoken:
            assert placed.shift_ms or placed.over_ms
            assert placed.start_ms == line.start_ms + placed.shift_ms
            assert abs(placed.shift_ms) <= MOST_SHIFT_MS


@given(lines_to_place())
def test_a_line_that_has_the_time_begins_with_its_cue(lines: list[LineToPlace]) -> None:
    """Where every line fits at the highest speed, none is shifted and none left out."""
    apart = [
        line
        for line, after in zip(lines, [*lines[1:], None], strict=True)
        if after is None or not are_shown_at_once(line, after)
    ]
    limits = time_limits(apart, TOTAL_MS)
    fitting = [
        LineToPlace(line.start_ms, line.end_ms, min(line.length_ms, limit - line.start_ms))
        for line, limit in zip(apart, limits, strict=True)
        if limit > line.start_ms
    ]
    assert all(placed.fits for placed in place_lines(fitting, TOTAL_MS))


def test_the_gap_behind_a_line_is_used_before_it_is_hurried() -> None:
    lines = [LineToPlace(0, 1000, 1900), LineToPlace(2000, 3000, 1000)]
    first, second = place_lines(lines, 10_000)
    assert (first.start_ms, first.speed_up, first.end_ms) == (0, 1.0, 1900)
    assert second.start_ms == 2000
    assert time_limits(lines, 10_000)[0] == 2000 - PAUSE_MS


def test_a_line_is_hurried_only_as_far_as_it_has_to_be() -> None:
    first, _ = place_lines([LineToPlace(0, 1000, 1100), LineToPlace(1000, 2000, 500)], 10_000)
    assert (first.start_ms, first.end_ms) == (0, 1000)
    assert 1.1 < first.speed_up < 1.14


def test_too_much_makes_the_next_line_late_and_the_one_after_is_on_time_again() -> None:
    lines = [LineToPlace(0, 1000, 2000), LineToPlace(1000, 2000, 800), LineToPlace(5000, 6000, 900)]
    first, second, third = place_lines(lines, 10_000)
    assert (first.over_ms, first.speed_up) == (620, MOST_SPEED_UP)
    assert (second.start_ms, second.shift_ms) == (1620, 620)
    assert third == LinePlacement(5000, 900)


def test_a_line_too_late_for_its_picture_is_left_out_whole() -> None:
    lines = [LineToPlace(0, 1000, 9000), LineToPlace(1000, 2000, 900), LineToPlace(8000, 9000, 900)]
    plan = place_lines(lines, 20_000)
    assert [placed.is_spoken for placed in plan] == [True, False, True]


def test_cues_at_once_are_spoken_one_after_another_within_their_time() -> None:
    lines = [LineToPlace(0, 4000, 3000), LineToPlace(1000, 2000, 800), LineToPlace(4000, 5000, 500)]
    first, second, third = place_lines(lines, 10_000)
    assert (first.start_ms, first.end_ms, first.speed_up) == (0, 2420, MOST_SPEED_UP)
    assert (second.start_ms, second.shift_ms, second.speed_up) == (2420, 1420, 1.0)
    assert third == LinePlacement(4000, 500)
    assert first.fits
    assert not second.over_ms


def test_cues_that_meet_for_a_moment_are_hurried_rather_than_shifted() -> None:
    first, second = place_lines([LineToPlace(0, 2200, 2100), LineToPlace(2000, 4000, 900)], 10_000)
    assert first.fits
    assert second == LinePlacement(2000, 900)


def test_a_line_leaves_time_for_the_one_that_is_shown_with_it() -> None:
    """Its room is what the translator is told when it condenses the line."""
    lines = [LineToPlace(0, 4000, 6000), LineToPlace(500, 4000, 1980), LineToPlace(4080, 5000, 9)]
    latest_ms = 4000 - 1584 - 20
    assert time_limits(lines, 10_000)[:2] == [latest_ms, 4000]
    first, second, _ = place_lines([LineToPlace(0, 4000, latest_ms), *lines[1:]], 10_000)
    assert first.fits
    assert (second.over_ms, second.end_ms <= 4000) == (0, True)


def test_the_last_line_begins_earlier_rather_than_being_cut() -> None:
    (placed,) = place_lines([LineToPlace(9000, 10_000, 2000)], 10_000)
    assert (placed.end_ms, placed.shift_ms, placed.speed_up) == (10_000, -620, MOST_SPEED_UP)
    (outside,) = place_lines([LineToPlace(12_000, 13_000, 500)], 10_000)
    assert not outside.is_spoken, "the cue lies behind the end of the recording"
