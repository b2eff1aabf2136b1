"""Calling an engine so that a failure stays with the work that caused it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import structlog

from app.domain.errors import CuestreamError, EngineError, OutOfMemoryError
from app.gpu.scheduler.memory import MemoryGauge
from app.gpu.scheduler.work import WorkItem

log = structlog.get_logger()

Call = Callable[[list[Any]], Sequence[Any]]
"""One call of an engine: as many results as payloads, in order."""

Give = Callable[[WorkItem, Any], None]
"""Takes each result, or each error."""


class Caller:
    """Calls an engine with a batch, and again with parts of it where that fails.

    A batch that fails is halved, and a half that fails is run one piece at a time: what is at
    fault fails alone. One that does not fit into memory is halved until it fits; a single piece
    is tried twice, since what filled the memory may have been somebody else's. Whatever was
    withdrawn meanwhile is left out.

    Args:
        call: the engine.
        give: takes the results.
        gauge: learns what fits; None where nothing is to be learned.
    """

    def __init__(self, call: Call, give: Give, gauge: MemoryGauge | None = None) -> None:
        self._call = call
        self._give = give
        self._gauge = gauge

    def run(self, works: Sequence[WorkItem]) -> None:
        """Compute a batch; every piece gets a result or an error."""
        parts = [list(works)]
        tried: set[WorkItem] = set()
        while parts:
            part = self._wanted(parts.pop())
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
                parts += _halves(part) if len(part) == len(works) else _singles(part)
                continue
            self._give(part[0], error)

    def _wanted(self, part: list[WorkItem]) -> list[WorkItem]:
        wanted: list[WorkItem] = []
        for work in part:
            if work.unwanted:
                work.drop()
            else:
                wanted.append(work)
        return wanted

    def _attempt(self, part: list[WorkItem]) -> CuestreamError | None:
        """Run once and hand over the results; return the error if there is one."""
        padded_s = sum(work.padded_s for work in part)
        if self._gauge is not None:
            self._gauge.before(padded_s)
        try:
            results = list(self._call([work.payload for work in part]))
            if len(results) != len(part):
                return EngineError("The engine lost count of its batch")
        except OutOfMemoryError as error:
            if self._gauge is not None:
                self._gauge.ran_out(padded_s)
            log.warning("out of memory", pieces=len(part), padded_s=round(padded_s))
            return error
        except CuestreamError as error:
            return error
        except Exception as error:
            log.error("engine defect", exc_info=error)
            return EngineError(f"The engine failed: {type(error).__name__}")
        if self._gauge is not None:
            self._gauge.went_well(padded_s, max(work.padded_s for work in part))
        for work, result in zip(part, results, strict=True):
            self._give(work, result)
        return None


def _halves(part: list[WorkItem]) -> list[list[WorkItem]]:
    """Return both halves, the one that is to run first last."""
    middle = (len(part) + 1) // 2
    return [part[middle:], part[:middle]]


def _singles(part: list[WorkItem]) -> list[list[WorkItem]]:
    return [[work] for work in reversed(part)]
