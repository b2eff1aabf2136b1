"""Priority of threads that compute, below that of the event loop."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

_NICE = 5
"""A third of the event loop's share of a core that both want. Source: sched(7), a level is worth
a factor of 1.25."""


def lower_priority() -> None:
    """Let this thread, and those that it starts from now on, give way to the event loop.

    Where engines compute on the processor, they want every core, and whoever asks for the server's
    health would wait until one is free. Linux keeps the nice value by thread; elsewhere nothing is
    changed. Source: setpriority(2), "C library/kernel differences".
    """
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
