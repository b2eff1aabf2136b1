"""The classes: who is served before whom, and what waiting changes."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.gpu.scheduler.rank import Rank, place_of, rank_of
from app.gpu.scheduler.work import STAGES
from tests.gpu.scheduling import audience_ticket, batch_job, piece, viewer

PROMOTE_S = 30


def rank(work, now_s: float = 0) -> Rank:
    return rank_of(work, now_s, PROMOTE_S)


def test_a_viewers_first_window_is_first_wherever_it_lies() -> None:
    assert rank(piece(viewer(), 0, start_s=500)) is Rank.FIRST
    assert rank(piece(batch_job(), 0)) is Rank.BATCH


@pytest.mark.parametrize(
    ("start_s", "expected"),
    [
        (84.9, Rank.REST),
        (85, Rank.AHEAD),
        (95, Rank.AHEAD),
        (100, Rank.AHEAD),
        (160, Rank.AHEAD),
        (160.1, Rank.REST),
    ],
)
def test_a_viewer_is_about_to_see_the_next_minute(start_s: float, expected: Rank) -> None:
    assert rank(piece(viewer(position_s=100), 7, start_s=start_s)) is expected


def test_classes_follow_the_viewer() -> None:
    context = batch_job()
    work = piece(context, 40, start_s=600)
    assert rank(work) is Rank.BATCH
    context.audience = "viewer"
    assert rank(work) is Rank.REST, "a viewer joined"
    context.position_ms = 590_000
    assert rank(work) is Rank.AHEAD, "and jumped"


def test_a_further_attempt_is_one_class_below_its_window() -> None:
    assert rank(piece(viewer(), 0, attempt=1)) is Rank.AHEAD
    assert rank(piece(viewer(), 1, start_s=10, attempt=2)) is Rank.REST
    assert rank(piece(viewer(), 9, start_s=900, attempt=1)) is Rank.BATCH
    assert rank(piece(batch_job(), 3, attempt=1)) is Rank.RETRY


def test_alignment_has_its_windows_class_and_diarization_is_below_text() -> None:
    assert rank(piece(viewer(), 0, stage="align")) is Rank.FIRST
    assert rank(piece(viewer(), 9, start_s=900, stage="align")) is Rank.REST
    assert rank(piece(viewer(), 0, stage="diarize")) is Rank.BATCH
    assert rank(piece(batch_job(), 0, stage="diarize")) is Rank.BATCH


def test_waiting_raises_by_one_class_but_never_to_the_first() -> None:
    work = piece(batch_job(), 3, since_s=100)
    seen = [rank(work, now_s) for now_s in (100, 129, 130, 160, 190, 10_000)]
    assert seen == [Rank.BATCH, Rank.BATCH, Rank.REST, Rank.AHEAD, Rank.AHEAD, Rank.AHEAD]
    assert rank(piece(viewer(), 0, stage="diarize"), 10_000) is Rank.AHEAD


def test_a_job_is_worked_on_in_the_order_in_which_its_viewer_sees_it() -> None:
    context = viewer(position_s=100)
    starts = [0, 300, 50, 98, 120]
    row = sorted((piece(context, n, start_s=s) for n, s in enumerate(starts, 1)), key=place_of)
    assert [work.span.start_ms // 1000 for work in row] == [98, 120, 300, 0, 50]


@given(
    audience=st.sampled_from(["viewer", "batch"]),
    index=st.integers(0, 5),
    start_s=st.integers(0, 40_000),
    position_s=st.integers(0, 40_000),
    attempt=st.integers(0, 4),
    stage=st.sampled_from(STAGES),
    waits=st.lists(st.floats(0, 1e5), min_size=2, max_size=6),
)
def test_waiting_never_lowers_anything(
    audience, index, start_s, position_s, attempt, stage, waits
) -> None:
    context = audience_ticket("job", audience)
    context.position_ms = position_s * 1000
    work = piece(context, index, start_s=start_s, attempt=attempt, stage=stage)
    ranks = [rank(work, wait) for wait in sorted(waits)]
    assert all(later <= earlier for earlier, later in itertools.pairwise(ranks))
    assert (ranks[-1] is Rank.FIRST) == (rank(work) is Rank.FIRST)
