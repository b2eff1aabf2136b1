"""Zooms: which part of a picture each frame shows, and how many frames there are."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from app.services.media.pictures.zoom_order import parts_of, spread_zooms
from app.services.media.pictures.zoom_path import (
    KEN_BURNS,
    ZOOM_PATHS,
    ZoomPath,
    exact_rate,
    frame_count,
)


@pytest.mark.parametrize(
    ("seconds", "rate", "frames"),
    [
        (2.0, 30, 60),
        (3.33, 24, 80),
        (0.1, 30, 3),
        (0.01, 24, 1),
        (1.1, 10, 11),
        (1000, 24, 24_000),
        (1.001, 29.97, 30),
    ],
)
def test_c7_04_as_many_frames_as_the_time_has(seconds: float, rate: float, frames: int) -> None:
    exact = exact_rate(rate)
    assert frame_count(seconds, exact) == frames
    assert abs(frames / exact - Fraction(seconds)) <= max(1 / exact, Fraction(1, 25))


@pytest.mark.parametrize("name", ["kenburns", "zoomin", "zoomout"])
@pytest.mark.parametrize("frames", [2, 48, 80])
def test_c7_04_a_zoom_ends_exactly_at_the_last_frame(name: str, frames: int) -> None:
    path = ZOOM_PATHS[name]
    first, last = path.window(0, frames), path.window(frames - 1, frames)
    assert first.right - first.left == pytest.approx(1 / path.start, abs=1e-12)
    assert last.right - last.left == pytest.approx(1 / path.end, abs=1e-12)
    assert last.bottom - last.top == pytest.approx(1 / path.end, abs=1e-12)


def test_zooms_of_clients_have_their_ranges() -> None:
    ranges = {name: (path.start, path.end) for name, path in ZOOM_PATHS.items()}
    assert ranges[KEN_BURNS] == (1.0, 1.324)
    assert ranges["zoomin"] == (1.0, 1.4)
    assert ranges["zoomout"] == (1.35, 1.0)


def test_one_frame_shows_the_start() -> None:
    window = ZoomPath(1.0, 1.4).window(0, 1)
    assert (window.left, window.right) == (0.0, 1.0)


def test_c7_11_both_edges_of_a_pan_move_from_left_to_right_at_even_speed() -> None:
    windows = [ZOOM_PATHS["zoompanright"].window(frame, 50) for frame in range(50)]
    lefts, rights = [each.left for each in windows], [each.right for each in windows]
    for edges in (lefts, rights):
        steps = [later - earlier for earlier, later in pairwise(edges)]
        assert min(steps) > 0.001
        assert max(steps) - min(steps) < 1e-9
    assert lefts[0] == 0
    assert rights[-1] == pytest.approx(1)
    assert rights[0] < 0.9


@pytest.mark.parametrize("name", list(ZOOM_PATHS))
def test_a_window_is_never_outside_and_never_distorts(name: str) -> None:
    for frame in range(101):
        window = ZOOM_PATHS[name].window(frame, 101)
        assert -1e-9 <= window.left < window.right <= 1 + 1e-9
        assert -1e-9 <= window.top < window.bottom <= 1 + 1e-9
        assert window.right - window.left == pytest.approx(window.bottom - window.top)


def test_rates_of_television_are_exact() -> None:
    assert exact_rate(29.97) == Fraction(30000, 1001)
    assert exact_rate(23.976) == Fraction(24000, 1001)
    assert exact_rate(59.94) == Fraction(60000, 1001)
    assert exact_rate(24) == 24
    assert exact_rate(12.5) == Fraction(25, 2)
    assert exact_rate(1) == 1


def test_c7_10_zooms_are_spread_evenly_in_an_order_that_a_seed_repeats() -> None:
    names = ["zoomin", "zoomout", "zoompanright"]
    first = spread_zooms(names, 10, seed=7)
    assert [first.count(name) for name in names] == [4, 3, 3]
    assert spread_zooms(names, 10, seed=7) == first
    assert any(spread_zooms(names, 10, seed=seed) != first for seed in range(5))
    assert spread_zooms(names, 2, seed=0).count("zoompanright") == 0


def test_c7_06_long_lists_are_split_into_contiguous_parts() -> None:
    assert [len(part) for part in parts_of(range(51), 3)] == [17, 17, 17]
    assert [len(part) for part in parts_of(range(200), 3)] == [67, 67, 66]
    assert [len(part) for part in parts_of(range(31), 2)] == [16, 15]
    assert [len(part) for part in parts_of(range(2), 3)] == [1, 1]
    assert [item for part in parts_of(range(200), 3) for item in part] == list(range(200))
