"""Which work goes into one call."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from app.gpu.scheduler.batch import BatchCapacity, BatchFormer
from app.gpu.scheduler.memory import MemoryGauge
from app.gpu.scheduler.work import WorkItem
from tests.gpu.scheduling import audience_ticket, batch_job, piece, viewer


def former(most: int = 4, first_batch: int = 8, gauge: MemoryGauge | None = None) -> BatchFormer:
    rooms = {
        "transcribe": BatchCapacity(most, gauge),
        "align": BatchCapacity(most),
        "diarize": BatchCapacity(1),
    }
    return BatchFormer(rooms, 30, first_batch)


def starts(works: Iterable[WorkItem]) -> list[int]:
    return [work.span.start_ms // 1000 for work in works]


def test_first_windows_then_what_is_seen_next_then_the_rest_then_batch_jobs() -> None:
    works = [
        piece(batch_job(), 0, start_s=4),
        piece(viewer("a"), 9, start_s=300),
        piece(viewer("a"), 2, start_s=20),
        piece(viewer("b"), 0, start_s=1),
    ]
    assert starts(former().form(works, 0).works) == [1, 20, 300, 4]
    assert starts(former(most=2).form(works, 0).works) == [1, 4], "one slot is the batch job's"


def test_only_equal_keys_and_stages_share_a_call() -> None:
    works = [
        piece(viewer("a"), 1, start_s=1, key="30 s"),
        piece(viewer("b"), 1, start_s=2, key="10 s"),
        piece(viewer("c"), 1, start_s=3, key="30 s"),
        piece(viewer("d"), 1, start_s=4, key="30 s", stage="align"),
    ]
    assert starts(former().form(works, 0).works) == [1, 3]


def test_a_batch_with_a_first_window_is_small() -> None:
    works = [piece(viewer(f"new-{n}"), 0) for n in range(3)]
    works += [piece(viewer("old"), n, start_s=n) for n in range(1, 30)]
    batch = former(most=16, first_batch=8).form(works, 0)
    assert len(batch.works) == 8
    assert [work.index for work in batch.works[:3]] == [0, 0, 0]
    rest = [work for work in works if work not in batch.works]
    assert len(former(most=16).form(rest, 0).works) == 16, "later ones are large"


def test_one_slot_is_kept_for_the_oldest_job_that_nobody_watches() -> None:
    works = [piece(viewer("busy"), n, start_s=n) for n in range(1, 20)]
    works += [piece(batch_job("young"), 1, start_s=100, since_s=9)]
    works += [piece(batch_job("old"), 2, start_s=200, since_s=5)]
    works += [piece(batch_job("other key"), 1, start_s=300, since_s=1, key="other")]
    batch = former(most=4).form(works, 10)
    assert starts(batch.works) == [1, 2, 3, 200]


def test_a_job_without_equal_keys_gets_no_slot_and_wastes_none() -> None:
    works = [piece(viewer("busy"), n, start_s=n) for n in range(1, 9)]
    works += [piece(batch_job(), 1, start_s=100, key="other")]
    assert starts(former(most=4).form(works, 0).works) == [1, 2, 3, 4]


def test_callers_are_served_by_seconds_and_not_by_windows() -> None:
    form = former(most=1)
    works = [piece(viewer("long", caller="a"), n, start_s=n, seconds=30) for n in range(1, 9)]
    works += [piece(viewer("short", caller="b"), n, start_s=n, seconds=10) for n in range(1, 25)]
    served = {"a": 0.0, "b": 0.0}
    for _ in range(16):
        (work,) = form.form(works, 0).works
        served[work.context.caller] += work.seconds
        works.remove(work)
    assert abs(served["a"] - served["b"]) <= 40


def test_memory_limits_a_batch_but_one_piece_is_always_tried() -> None:
    gauge = MemoryGauge()
    gauge.ran_out(120)
    works = [piece(viewer(), n, start_s=n, padded_s=25) for n in range(1, 9)]
    assert len(former(most=8, gauge=gauge).form(works, 0).works) == 2
    for _ in range(6):
        gauge.ran_out(gauge.limit_s())
    assert gauge.limit_s() < 1
    assert len(former(most=8, gauge=gauge).form(works, 0).works) == 1


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
        (audience, job): audience_ticket(f"{audience}-{job}", audience)
        for audience, job, *_ in rows
    }
    works = [
        piece(jobs[audience, job], index, start_s=index * 20, key=key, attempt=attempt, since_s=s)
        for audience, job, index, key, attempt, s in rows
    ]
    form, waiting = former(most=most), list(works)
    while waiting:
        batch = form.form(waiting, 200)
        assert 1 <= len(batch.works) <= most
        assert len({work.key for work in batch.works}) == 1
        assert form.rank(batch.works[0], 200) == min(form.rank(w, 200) for w in waiting)
        taken = set(batch.works)
        assert len(taken) == len(batch.works)
        waiting = [work for work in waiting if work not in taken]
