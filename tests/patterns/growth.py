"""How the work of a function grows with its input.

What is measured is the CPU time of the calling thread, the least of several runs. Other processes
do not add to it, and a doubtful growth is measured again with longer inputs: a linear function is
found linear in one of the attempts, a quadratic one in none.
"""

from __future__ import annotations

import time
from collections.abc import Callable

GROWTH_MOST = 2.5
"""Of the work when the input doubles: linear work has 2, quadratic 4."""

_RUNS = 3
_ATTEMPTS = 3
_ENOUGH_S = 0.004
"""Work that takes less is too short to be compared with twice as much."""

_PLENTY_S = 0.1
"""Work that takes more is measured once."""

_LARGEST = 2**19


def grows_linearly(work: Callable[[str], object], text_of: Callable[[int], str], size: int) -> bool:
    """Whether the work on a text grows no faster than the text.

    Args:
        work: the function.
        text_of: makes a text of a size.
        size: of the first text.
    """
    for _ in range(_ATTEMPTS):
        once_s = _least_s(work, text_of(size))
        while once_s < _ENOUGH_S:
            if size >= _LARGEST:
                return True
            size *= 2
            once_s = _least_s(work, text_of(size))
        if _least_s(work, text_of(2 * size)) <= GROWTH_MOST * once_s:
            return True
    return False


def quick(work: Callable[[str], object], text: str, limit_s: float) -> bool:
    """Whether the work takes less CPU time than a limit."""
    return _least_s(work, text, limit_s) < limit_s


def _least_s(work: Callable[[str], object], text: str, enough_s: float = 0.0) -> float:
    least_s = float("inf")
    for _ in range(_RUNS):
        begun_s = time.thread_time()
        work(text)
        least_s = min(least_s, time.thread_time() - begun_s)
        if least_s < enough_s or least_s > _PLENTY_S:
            break
    return least_s
