"""Batch composition."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from app.gpu.scheduler.batch_former import BatchCapacity, BatchFormer
from app.gpu.scheduler.memory_gauge import MemoryGauge
from app.gpu.scheduler.work_item import WorkItem
from tests.gpu.scheduling import batch_job, viewer, work_context, work_item


def former(most: int = 4, first_batch: int = 8, gauge: MemoryGauge | None = None) -> BatchFormer:
    capacities = {
        "transcribe": BatchCapacity(most, gauge),
        "align": BatchCapacity(most),
        "diarize": BatchCapacity(1),
    }
    return BatchFormer(capacities, 30, first_batch)


def starts(items: Iterable[WorkItem]) -> list[int]:
    return [work.span.start_ms // 1000 for work in items]


def test_first_windows_then_what_is_seen_next_then_the_rest_then_batch_jobs() -> None:
    items = [
        work_item(batch_job(), 0, start_s=4),
        work_item(viewer("a"), 9, start_s=300),
        work_item(viewer("a"), 2, start_s=20),
        work_item(viewer("b"), 0, start_s=1),
    ]
    assert starts(former().form(items, 0).items) == [1, 20, 300, 4]
    assert starts(former(most=2).form(items, 0).items) == [1, 4], "one slot is the batch job's"


def test_only_equal_keys_and_stages_share_a_batch() -> None:
    items = [
        work_item(viewer("a"), 1, start_s=1, batch_key="30 s"),
        work_item(viewer("b"), 1, start_s=2, batch_key="10 s"),
        work_item(viewer("c"), 1, start_s=3, batch_key="30 s"),
        work_item(viewer("d"), 1, start_s=4, batch_key="30 s", stage="align"),
    ]
    assert starts(former().form(items, 0).items) == [1, 3]


def test_a_batch_with_a_first_window_is_small() -> None:
    items = [work_item(viewer(f"new-{n}"), 0) for n in range(3)]
    items += [work_item(viewer("old"), n, start_s=n) for n in range(1, 30)]
    batch = former(most=16, first_batch=8).form(items, 0)
    assert len(batch.items) == 8
    assert [work.index for work in batch.items[:3]] == [0, 0, 0]
    rest = [work for work in items if work not in batch.items]
    assert len(former(most=16).form(rest, 0).items) == 16, "later ones are large"


def test_one_slot_is_reserved_for_the_oldest_job_without_a_viewer() -> None:
    items = [work_item(viewer("busy"), n, start_s=n) for n in range(1, 20)]
    items += [work_item(batch_job("young"), 1, start_s=100, queued_at_s=9)]
    items += [work_item(batch_job("old"), 2, start_s=200, queued_at_s=5)]
    items += [work_item(batch_job("other key"), 1, start_s=300, queued_at_s=1, batch_key="other")]
    batch = former(most=4).form(items, 10)
    assert starts(batch.items) == [1, 2, 3, 200]


def test_a_job_without_equal_keys_gets_no_slot_and_wastes_none() -> None:
    items = [work_item(viewer("busy"), n, start_s=n) for n in range(1, 9)]
    items += [work_item(batch_job(), 1, start_s=100, batch_key="other")]
    assert starts(former(most=4).form(items, 0).items) == [1, 2, 3, 4]


def test_callers_are_served_by_seconds_and_not_by_windows() -> None:
    form = former(most=1)
    items = [work_item(viewer("long", caller="a"), n, start_s=n, seconds=30) for n in range(1, 9)]
    items += [
        work_item(viewer("short", caller="b"), n, start_s=n, seconds=10) for n in range(1, 25)
    ]
    served = {"a": 0.0, "b": 0.0}
    for _ in range(16):
        (work,) = form.form(items, 0).items
        served[work.context.caller] += work.duration_s
        items.remove(work)
    assert abs(served["a"] - served["b"]) <= 40


def test_memory_limits_a_batch_but_one_item_is_always_tried() -> None:
    gauge = MemoryGauge()
    gauge.record_out_of_memory(120)
    items = [work_item(viewer(), n, start_s=n, padded_s=25) for n in range(1, 9)]
    assert len(former(most=8, gauge=gauge).form(items, 0).items) == 2
    for _ in range(6):
        gauge.record_out_of_memory(gauge.limit_s())
    assert gauge.limit_s() < 1
    assert len(former(most=8, gauge=gauge).form(items, 0).items) == 1


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["viewer", "batch"]),
            st.integers(0, 6),
            st.integers(0, 12),
            st.sampled_from(["x", "y"]),
            st.integers(0, 2),
            st.floats(0, 200),
        ),
        min_size=1,
        max_size=40,
    ),
    st.integers(1, 10),
)
def test_whatever_waits_comes_out_once_and_in_batches_of_one_key(rows, most) -> None:
    jobs = {
        (audience, job): work_context(f"{audience}-{job}", audience) for audience, job, *_ in rows
    }
    items = [
        work_item(
            jobs[audience, job],
            index,
            start_s=index * 20,
            batch_key=batch_key,
            attempt=attempt,
            queued_at_s=s,
        )
        for audience, job, index, batch_key, attempt, s in rows
    ]
    form, waiting = former(most=most), list(items)
    while waiting:
        batch = form.form(waiting, 200)
        assert 1 <= len(batch.items) <= most
        assert len({work.batch_key for work in batch.items}) == 1
        assert form.priority(batch.items[0], 200) == min(form.priority(w, 200) for w in waiting)
        taken = set(batch.items)
        assert len(taken) == len(batch.items)
        waiting = [work for work in waiting if work not in taken]
