"""Fair shares, counted in seconds of audio."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from app.gpu.scheduler.fair_share import VIEWER_WEIGHT, FairShares, VirtualClock
from tests.gpu.scheduling import batch_job, viewer


def test_a_newcomer_is_not_owed_the_past() -> None:
    clock = VirtualClock()
    for _ in range(100):
        clock.charge("old", 10)
    order = []
    for _ in range(6):
        flow = min(["old", "new"], key=clock.start_tag)
        order.append(flow)
        clock.charge(flow, 10)
    assert order.count("new") <= 4, "it would be given all six if it began at 0"
    assert "old" in order[:3]


def test_a_flow_that_comes_back_has_lost_nothing_and_saved_nothing() -> None:
    clock = VirtualClock()
    clock.charge("a", 10)
    for _ in range(50):
        clock.charge("b", 10)
    assert clock.start_tag("a") == clock.start_tag("stranger")


@given(
    costs=st.lists(
        st.tuples(st.floats(0.1, 30), st.floats(0.1, 30), st.floats(0.1, 30)),
        min_size=5,
        max_size=60,
    )
)
def test_no_flow_is_ever_further_behind_than_two_pieces(
    costs: list[tuple[float, float, float]],
) -> None:
    # Source: theorem 1 of the paper that `app.gpu.scheduler.fair_share` names.
    clock, served = VirtualClock(), [0.0, 0.0, 0.0]
    largest = [max(cost[flow] for cost in costs) for flow in range(3)]
    for cost in costs:
        flow = min(range(3), key=clock.start_tag)
        clock.charge(flow, cost[flow])
        served[flow] += cost[flow]
        for one in range(3):
            for other in range(one):
                bound = largest[one] + largest[other]
                assert abs(served[one] - served[other]) <= bound + 1e-6


def test_callers_share_first_and_then_their_jobs() -> None:
    shares = FairShares()
    jobs = [batch_job(f"many-{n}", caller="rich") for n in range(3)]
    jobs.append(batch_job("one", caller="poor"))
    served: Counter[str] = Counter()
    for _ in range(120):
        context = min(jobs, key=shares.start_tag)
        shares.charge(context, 10)
        served[context.job] += 10
    assert served["one"] == 600
    assert {served[f"many-{n}"] for n in range(3)} == {200}


def test_without_keys_each_job_counts_for_itself() -> None:
    shares = FairShares()
    jobs = [batch_job(f"job-{n}") for n in range(4)] + [batch_job("keyed", caller="someone")]
    served: Counter[str] = Counter()
    for _ in range(50):
        context = min(jobs, key=shares.start_tag)
        shares.charge(context, 10)
        served[context.job] += 1
    assert set(served.values()) == {10}


def test_what_is_watched_weighs_more_where_waiting_made_classes_equal() -> None:
    shares = FairShares()
    jobs = [viewer("watched"), batch_job("unwatched")]
    served: Counter[str] = Counter()
    for _ in range(100):
        context = min(jobs, key=shares.start_tag)
        shares.charge(context, 10)
        served[context.job] += 1
    assert abs(served["watched"] / served["unwatched"] - VIEWER_WEIGHT) < 0.5


def test_who_has_gone_is_forgotten() -> None:
    shares = FairShares()
    for number in range(1000):
        shares.charge(batch_job(f"job-{number}"), 10)
    shares.charge(batch_job("last"), 10)
    shares.charge(batch_job("last"), 10)
    assert len(shares._jobs) <= 2
