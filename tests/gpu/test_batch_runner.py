"""Batch execution: a failure stays with the item that caused it."""

from collections.abc import Sequence
from typing import Any

import pytest

from app.domain.errors import EngineError, JobCancelledError, OutOfMemoryError
from app.gpu.scheduler.batch_runner import BatchRunner
from app.gpu.scheduler.memory_gauge import MemoryGauge
from app.gpu.scheduler.work_item import WorkItem
from tests.gpu.scheduling import batch_job, work_item


class Engine:
    """Doubles numbers."""

    def __init__(self, *, bad: Sequence[int] = (), fits: int = 100) -> None:
        self.calls: list[list[int]] = []
        self.bad, self.fits = set(bad), fits
        self.error: Exception = EngineError("bad window")
        self.luck = 0

    def __call__(self, numbers: list[Any]) -> list[int]:
        self.calls.append(numbers)
        if len(numbers) > self.fits or self.luck > 0:
            self.luck -= 1
            raise OutOfMemoryError("too many")
        if self.bad & set(numbers):
            raise self.error
        return [number * 2 for number in numbers]


def numbered(count: int) -> list[WorkItem]:
    items = [work_item(batch_job(), n, seconds=30) for n in range(count)]
    for number, work in enumerate(items):
        work.payload = number
    return items


def run(engine: Any, items: list[WorkItem], gauge: MemoryGauge | None = None) -> list[Any]:
    BatchRunner(engine, lambda work, result: work.result.resolve(result), gauge).run(items)
    assert all(len(work.result.results) == 1 for work in items), "each is answered once"
    return [work.result.results[0] for work in items]


def test_a_batch_that_fails_is_run_in_two_and_then_singly() -> None:
    engine = Engine(bad=[5])
    results = run(engine, numbered(8))
    assert isinstance(results.pop(5), EngineError)
    assert results == [0, 2, 4, 6, 8, 12, 14]
    assert engine.calls == [list(range(8)), [0, 1, 2, 3], [4, 5, 6, 7], [4], [5], [6], [7]]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_small_batches_end_too(count: int) -> None:
    results = run(Engine(bad=range(count)), numbered(count))
    assert all(isinstance(result, EngineError) for result in results)


def test_out_of_memory_halves_until_it_fits_and_no_item_fails() -> None:
    engine, gauge = Engine(fits=2), MemoryGauge()
    assert run(engine, numbered(8), gauge) == [0, 2, 4, 6, 8, 10, 12, 14]
    assert [len(call) for call in engine.calls] == [8, 4, 2, 2, 4, 2, 2]
    assert gauge.limit_s() == 60


def test_a_single_window_that_does_not_fit_is_tried_again_and_then_fails_alone() -> None:
    engine = Engine()
    engine.luck = 1
    assert run(engine, numbered(1)) == [0]
    engine.luck = 9
    assert isinstance(run(engine, numbered(1))[0], OutOfMemoryError)
    assert [len(call) for call in engine.calls] == [1, 1, 1, 1]


def test_a_window_that_never_fits_does_not_take_the_others_with_it() -> None:
    class Greedy(Engine):
        def __call__(self, numbers: list[Any]) -> list[int]:
            if 3 in numbers:
                raise OutOfMemoryError("too long")
            return super().__call__(numbers)

    results = run(Greedy(), numbered(5))
    assert isinstance(results.pop(3), OutOfMemoryError)
    assert results == [0, 2, 4, 8]


def test_what_is_withdrawn_between_two_calls_is_left_out() -> None:
    items = numbered(4)

    class Leaving(Engine):
        def __call__(self, numbers: list[Any]) -> list[int]:
            items[2].cancelled.set()
            items[3].context.cancelled.set()
            return super().__call__(numbers)

    items[3].context = batch_job("other")
    engine = Leaving(bad=[0])
    results = run(engine, items)
    assert isinstance(results[0], EngineError)
    assert results[1] == 2
    assert all(isinstance(result, JobCancelledError) for result in results[2:])
    assert engine.calls == [[0, 1, 2, 3], [0, 1], [0], [1]]


@pytest.mark.parametrize("defect", [ZeroDivisionError("boom"), KeyError("x"), TypeError("y")])
def test_a_defect_is_an_engines_failure(defect: Exception) -> None:
    engine = Engine(bad=[1])
    engine.error = defect
    results = run(engine, numbered(3))
    assert results[0] == 0
    assert results[2] == 4
    assert type(defect).__name__ in results[1].message


def test_an_engine_that_loses_count_fails_its_batch() -> None:
    results = run(lambda numbers: numbers[1:], numbered(3))
    assert all(isinstance(result, EngineError) for result in results)
