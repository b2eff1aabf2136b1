"""Batch execution that limits a failure to the items that caused it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import structlog

from app.domain.errors import CuestreamError, EngineError, OutOfMemoryError
from app.gpu.scheduler.memory_gauge import MemoryGauge
from app.gpu.scheduler.work_item import WorkItem

log = structlog.get_logger()

EngineCall = Callable[[list[Any]], Sequence[Any]]
"""One call of an engine: as many results as payloads, in order."""

ResultHandler = Callable[[WorkItem, Any], None]
"""Takes each result, or each error."""


class BatchRunner:
    """Calls an engine with a batch, and again with parts of it where that fails.

    A batch that fails is halved, and a half that fails is run one item at a time: only the item
    at fault fails. A batch that does not fit into memory is halved until it fits; a single item
    is tried twice, since another engine may have filled the memory. Items that were cancelled
    meanwhile are left out.

    Args:
        call: the engine.
        on_result: takes the results.
        gauge: learns which batches fit; None where there is nothing to learn.
    """

    def __init__(
        self, call: EngineCall, on_result: ResultHandler, gauge: MemoryGauge | None = None
    ) -> None:
        self._call = call
        self._on_result = on_result
        self._gauge = gauge

    def run(self, items: Sequence[WorkItem]) -> None:
        """Compute a batch; every item gets a result or an error."""
        parts = [list(items)]
        tried: set[WorkItem] = set()
        while parts:
            part = self._drop_cancelled(parts.pop())
            if not part:
                continue
            error = self._attempt(part)
            if error is None:
                continue
            if isinstance(error, OutOfMemoryError):
                if len(part) > 1 or part[0] not in tried:
                    tried.update(part if len(part) == 1 else ())
                    parts += _halves(part)
                    continue
            elif len(part) > 1:
                parts += _halves(part) if len(part) == len(items) else _one_by_one(part)
                continue
            self._on_result(part[0], error)

    def _drop_cancelled(self, part: list[WorkItem]) -> list[WorkItem]:
        wanted: list[WorkItem] = []
        for item in part:
            if item.is_cancelled:
                item.drop()
            else:
                wanted.append(item)
        return wanted

    def _attempt(self, part: list[WorkItem]) -> CuestreamError | None:
        """Run once and hand over the results; return the error if there is one."""
        padded_s = sum(item.padded_s for item in part)
        if self._gauge is not None:
            self._gauge.before_batch(padded_s)
        results = self._call_engine(part)
        if isinstance(results, OutOfMemoryError):
            if self._gauge is not None:
                self._gauge.record_out_of_memory(padded_s)
            log.warning("out of memory", pieces=len(part), padded_s=round(padded_s))
            return results
        if isinstance(results, CuestreamError):
            return results
        if self._gauge is not None:
            self._gauge.record_success(padded_s, max(item.padded_s for item in part))
        for item, result in zip(part, results, strict=True):
            self._on_result(item, result)
        return None

    def _call_engine(self, part: list[WorkItem]) -> list[Any] | CuestreamError:
        try:
            results = list(self._call([item.payload for item in part]))
        except CuestreamError as error:
            return error
        except Exception as error:
            # An engine may raise anything; its thread serves further batches.
            log.error("engine defect", exc_info=error)
            return EngineError(f"The engine failed: {type(error).__name__}")
        if len(results) != len(part):
            return EngineError("The engine lost count of its batch")
        return results


def _halves(part: list[WorkItem]) -> list[list[WorkItem]]:
    """Return both halves, the one that is to run first last."""
    middle = (len(part) + 1) // 2
    return [part[middle:], part[:middle]]


def _one_by_one(part: list[WorkItem]) -> list[list[WorkItem]]:
    return [[item] for item in reversed(part)]
