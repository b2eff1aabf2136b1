"""CPU work on texts of strangers, apart from the threads that everything else needs.

A thread cannot be stopped, and Python runs one of them at a time. So work that is small, and with
it short, gets two threads of its own; everything larger gets a process of its own, which has limits
of memory and processor time and is killed as soon as nobody waits for it.
"""

from __future__ import annotations

import asyncio
import pickle
import struct
import sys
import weakref
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from app.domain.errors import CuestreamError, InternalError, TooMuchWorkError
from app.system.child_limits import TEXT_WORK
from app.system.fair_places import FairPlaces
from app.system.loop_turns import take_turn
from app.system.subprocesses import Subprocess, running

T = TypeVar("T")
R = TypeVar("R")

SMALL_CHARS = 2**17
"""Texts of so many characters are worked on in a thread: some tenths of a second. The captions of a
film have about 100,000."""

SLICE_ITEMS = 200
"""Items that are packed or unpacked at once on the event loop: about a millisecond."""

LENGTH = struct.Struct(">I")
"""Ahead of each message between the two processes."""

_PROCESSES = 2
"""At a time; each has the limits of `TEXT_WORK`."""

_WAITING_MOST = 64
_CALLER_SHARE = 16

_threads = ThreadPoolExecutor(2, thread_name_prefix="text")
_places: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, FairPlaces] = (
    weakref.WeakKeyDictionary()
)


async def work_on(
    function: Callable[..., Iterable[R]], items: Sequence[T], *options: object, chars: int
) -> list[R]:
    """Call a function where it delays nothing else; return what it yields.

    Args:
        function: of a module; called with a list of the items and with the options. What it takes
            and yields can be pickled, and it raises errors of the house alone.
        items: as many as there are; large, where they are texts.
        options: small values.
        chars: characters of all texts together, by which the place of work is chosen.

    Raises:
        OverloadedError: too many wait for a process, or too many of this caller.
        CuestreamError: the function raised it, or needed more than it may.
    """
    if chars <= SMALL_CHARS:
        return await asyncio.get_running_loop().run_in_executor(
            _threads, lambda: list(function(list(items), *options))
        )
    async with _fair_places().place():
        return await _in_process(function, items, options)


def _fair_places() -> FairPlaces:
    """Return the places of this event loop."""
    loop = asyncio.get_running_loop()
    return _places.setdefault(loop, FairPlaces(_PROCESSES, _WAITING_MOST, _CALLER_SHARE))


async def _in_process(
    function: Callable[..., Iterable[R]], items: Sequence[T], options: Sequence[object]
) -> list[R]:
    command = (sys.executable, "-m", "app.system.bounded_work_child")
    async with running(command, stdin=True, limits=TEXT_WORK) as child:
        sending = asyncio.create_task(_send(child, function, items, options))
        try:
            return await _received(child)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)


async def _send(
    child: Subprocess, function: Callable[..., object], items: Iterable[object], options: object
) -> None:
    """Send the call and its items slice by slice; a child that has ended reads no more."""
    left = iter(items)
    message: object = (f"{function.__module__}:{function.__qualname__}", options)
    while message and await child.write(_serialized(message)):
        message = list(islice(left, SLICE_ITEMS))
        await take_turn()
    await child.write(_serialized([]))
    child.close_stdin()


def _serialized(message: object) -> bytes:
    data = pickle.dumps(message)
    return LENGTH.pack(len(data)) + data


async def _received(child: Subprocess) -> list[R]:
    """Return the items of the child's answer.

    Raises:
        CuestreamError: as the child says; that it needed too much where it ended without a word.
    """
    results: list[R] = []
    while True:
        try:
            (length,) = LENGTH.unpack(await child.stdout.readexactly(LENGTH.size))
            message = pickle.loads(await child.stdout.readexactly(length))  # noqa: S301 - our child
        except asyncio.IncompleteReadError:
            await child.wait()
            raise _limits_error(child.stderr) from None
        if isinstance(message, CuestreamError):
            raise message
        if message is None:
            return results
        results += message


def _limits_error(stderr: str) -> CuestreamError:
    """Return the error for a child that ended early: its limits, or a defect that it wrote."""
    if "Traceback" in stderr and "MemoryError" not in stderr:
        return InternalError("Internal server error")
    return TooMuchWorkError("This text takes more memory or time than this server allows")
