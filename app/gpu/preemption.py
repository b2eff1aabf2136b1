"""Points inside a batch at which a more urgent one may be computed first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_run_urgent: ContextVar[Callable[[], None] | None] = ContextVar("run_urgent", default=None)


def preemption_point() -> None:
    """Let more urgent work go first, on this thread; return when it is done.

    Engines call this between the steps of a batch, where nothing of theirs is locked or half
    written: `decode` may be entered again from within. Outside `preemptible` nothing happens.
    """
    run_urgent = _run_urgent.get()
    if run_urgent is not None:
        run_urgent()


@contextmanager
def preemptible(run_urgent: Callable[[], None] | None) -> Iterator[None]:
    """Have this thread's `preemption_point` call a function within the block.

    Args:
        run_urgent: computes what is more urgent than the block's work, if there is anything; None
            where nothing is.
    """
    token = _run_urgent.set(run_urgent)
    try:
        yield
    finally:
        _run_urgent.reset(token)
