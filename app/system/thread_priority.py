"""Priority of threads and child processes that compute, below that of the event loop."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

_LOWER_BY = 10
"""A tenth of the event loop's share of a core that both want. Source: sched(7), a level is worth
a factor of 1.25."""


def lower_priority() -> None:
    """Let this thread, and those that it starts from now on, give way to the event loop.

    Where engines compute on the processor, they want every core, and whoever asks for the server's
    health would wait until one is free. Linux keeps the nice value by thread; elsewhere nothing is
    changed. Source: setpriority(2), "C library/kernel differences".
    """
    with suppress(AttributeError):
        _lower(threading.get_native_id())


def lower_child_priority(process_id: int) -> None:
    """Let a child process, and those that it starts from now on, give way to the event loop.

    Args:
        process_id: of a child; nothing is changed where it has ended.
    """
    _lower(process_id)


def _lower(number: int) -> None:
    # Counted from the process's own priority, which whoever started it may have lowered.
    with suppress(OSError, AttributeError):
        own = os.getpriority(os.PRIO_PROCESS, os.getpid())
        os.setpriority(os.PRIO_PROCESS, number, own + _LOWER_BY)
