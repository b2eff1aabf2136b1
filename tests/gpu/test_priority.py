"""Priority of work, which waiting raises."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.gpu.scheduler.priority import Priority, order_in_job, priority_of
from app.gpu.scheduler.work_item import ENGINE_STAGES
from tests.gpu.scheduling import batch_job, viewer, work_context, work_item

PROMOTE_S = 30


def priority(work, now_s: float = 0) -> Priority:
    return priority_of(work, now_s, PROMOTE_S)


def test_a_viewers_first_window_is_first_wherever_it_lies() -> None:
    assert priority(work_item(viewer(), 0, start_s=500)) is Priority.FIRST
    assert priority(work_item(batch_job(), 0)) is Priority.BATCH


@pytest.mark.parametrize(
    ("start_s", "expected"),
    [
        (84.9, Priority.REST),
        (85, Priority.AHEAD),
        (95, Priority.AHEAD),
        (100, Priority.AHEAD),
        (160, Priority.AHEAD),
        (160.1, Priority.REST),
    ],
)
def test_a_viewer_is_about_to_see_the_next_minute(start_s: float, expected: Priority) -> None:
    assert priority(work_item(viewer(position_s=100), 7, start_s=start_s)) is expected


def test_priorities_follow_the_viewer() -> None:
    context = batch_job()
    work = work_item(context, 40, start_s=600)
    assert priority(work) is Priority.BATCH
    context.audience = "viewer"
    assert priority(work) is Priority.REST, "a viewer joined"
    context.position_ms = 590_000
    assert priority(work) is Priority.AHEAD, "and jumped"


def test_a_further_attempt_is_one_priority_below_its_window() -> None:
    assert priority(work_item(viewer(), 0, attempt=1)) is Priority.AHEAD
    assert priority(work_item(viewer(), 1, start_s=10, attempt=2)) is Priority.REST
    assert priority(work_item(viewer(), 9, start_s=900, attempt=1)) is Priority.BATCH
    assert priority(work_item(batch_job(), 3, attempt=1)) is Priority.RETRY


def test_alignment_has_its_windows_priority_and_diarization_is_below_text() -> None:
    assert priority(work_item(viewer(), 0, stage="align")) is Priority.FIRST
    assert priority(work_item(viewer(), 9, start_s=900, stage="align")) is Priority.REST
    assert priority(work_item(viewer(), 0, stage="diarize")) is Priority.BATCH
    assert priority(work_item(batch_job(), 0, stage="diarize")) is Priority.BATCH


def test_waiting_raises_by_one_priority_but_never_to_the_first() -> None:
    work = work_item(batch_job(), 3, queued_at_s=100)
    seen = [priority(work, now_s) for now_s in (100, 129, 130, 160, 190, 10_000)]
    assert seen == [
        Priority.BATCH,
        Priority.BATCH,
        Priority.REST,
        Priority.AHEAD,
        Priority.AHEAD,
        Priority.AHEAD,
    ]
    assert priority(work_item(viewer(), 0, stage="diarize"), 10_000) is Priority.AHEAD


def test_a_job_is_worked_on_in_the_order_in_which_its_viewer_sees_it() -> None:
    context = viewer(position_s=100)
    starts = [0, 300, 50, 98, 120]
    row = sorted(
        (work_item(context, n, start_s=s) for n, s in enumerate(starts, 1)), key=order_in_job
    )
    assert [work.span.start_ms // 1000 for work in row] == [98, 120, 300, 0, 50]


@given(
    audience=st.sampled_from(["viewer", "batch"]),
    index=st.integers(0, 5),
    start_s=st.integers(0, 40_000),
    position_s=st.integers(0, 40_000),
    attempt=st.integers(0, 4),
    stage=st.sampled_from(ENGINE_STAGES),
    waits=st.lists(st.floats(0, 1e5), min_size=2, max_size=6),
)
def test_waiting_never_lowers_anything(
    audience, index, start_s, position_s, attempt, stage, waits
) -> None:
    context = work_context("job", audience)
    context.position_ms = position_s * 1000
    work = work_item(context, index, start_s=start_s, attempt=attempt, stage=stage)
    priorities = [priority(work, wait) for wait in sorted(waits)]
    assert all(later <= earlier for earlier, later in itertools.pairwise(priorities))
    assert (priorities[-1] is Priority.FIRST) == (priority(work) is Priority.FIRST)
