"""Interrupts of a command, which reach it even where Python would drop them."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
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
    again = _SentAgain(threading.get_ident())
    is_sent = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal is_sent
        if is_sent and again.is_over:
            return
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
            _thread.start_new_thread(again.send, (came[-1],))

    hook, sys.unraisablehook = sys.unraisablehook, unraisable
    handled = [
        (number, signal.signal(number, interrupt))
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) is not signal.SIG_IGN
    ]
    try:
        yield came
    finally:
        again.end()
        for number, handler in handled:
            signal.signal(number, handler)
        sys.unraisablehook = hook
        _forget_unhandled()


class _SentAgain:
    """Signals that are sent again to a thread, until they are no longer waited for."""

    def __init__(self, thread: int) -> None:
        self.is_over = False
        self._thread = thread
        self._sending = threading.Lock()

    def send(self, number: int) -> None:
        """Send a signal when the callback that dropped it has ended."""
        time.sleep(_AGAIN_S)
        with self._sending:
            if not self.is_over:
                # To that thread, so that a call in which it waits ends.
                signal.pthread_kill(self._thread, number)

    def end(self) -> None:
        """Send no more; what was sent has come when this returns."""
        self.is_over = True
        with self._sending:
            signal.sigpending()  # the kernel hands over a signal where a call of it returns


def _forget_unhandled() -> None:
    """Let the process end with the code that it chooses.

    An interrupt in code that was compiled from a string, as that of a dataclass is, counts as one
    that nobody handled until the next such code runs. At its end the interpreter would send itself
    SIGINT, whatever ``sys.exit`` was given. Source: CPython 3.11, ``run_eval_code_obj`` in
    ``Python/pythonrun.c`` and ``Py_RunMain`` in ``Modules/main.c``.
    """
    exec("")  # noqa: S102
