"""Interrupts of a command, which reach it even where Python would drop them."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN_S = 0.02
"""Time within which a callback that dropped an interrupt has ended."""


@contextmanager
def keyboard_interrupts() -> Iterator[list[int]]:
    """Raise ``KeyboardInterrupt`` for SIGINT and SIGTERM within the block, in the main thread.

    What waits in a library's own code gives an interrupt on and swallows other exceptions. Python
    itself only prints one that is raised in a finalizer, in the callback of a weak reference or in
    one of the garbage collector (``sys.unraisablehook``), and goes on: such a one is sent again. A
    signal that the process was started to ignore stays ignored.

    Yields:
        The signals that came so far, in order.
    """
    came: list[int] = []
    main = threading.get_ident()
    ended = threading.Event()
    is_sent = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal is_sent
        is_sent = False
        came.append(number)
        raise KeyboardInterrupt

    def unraisable(dropped: sys.UnraisableHookArgs) -> None:
        nonlocal is_sent
        if not came or not isinstance(dropped.exc_value, KeyboardInterrupt):
            hook(dropped)
        elif not is_sent:
            is_sent = True
            # A Thread takes locks that the interrupted code may hold.
            _thread.start_new_thread(_send_again, (came[-1], main, ended))

    hook, sys.unraisablehook = sys.unraisablehook, unraisable
    handled = [
        (number, signal.signal(number, interrupt))
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) is not signal.SIG_IGN
    ]
    try:
        yield came
    finally:
        ended.set()
        for number, handler in handled:
            signal.signal(number, handler)
        sys.unraisablehook = hook


def _send_again(number: int, thread: int, ended: threading.Event) -> None:
    if not ended.wait(_AGAIN_S):
        # To that thread, so that a call in which it waits ends.
        signal.pthread_kill(thread, number)
