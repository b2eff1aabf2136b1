"""The process of `bounded_work`: reads one call, writes what it yields, within limits."""

from __future__ import annotations

import pickle
import resource
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from itertools import islice
from typing import BinaryIO

from app.domain.errors import CuestreamError, TooMuchWorkError
from app.system.bounded_work import LENGTH, SLICE_ITEMS
from app.system.child_limits import TEXT_WORK


def main() -> None:
    """Serve the one call."""
    # Ahead of the watch and of the kernel's later limit, so that the end has one reason alone.
    resource.setrlimit(resource.RLIMIT_CPU, (TEXT_WORK.cpu_s, TEXT_WORK.cpu_s))
    sys.set_int_max_str_digits(4300)
    for message in _answer(sys.stdin.buffer):
        data = pickle.dumps(message)
        sys.stdout.buffer.write(LENGTH.pack(len(data)) + data)
    sys.stdout.buffer.flush()


def _answer(call: BinaryIO) -> Iterator[object]:
    """Yield slices of results, then None; an error in place of what is left."""
    try:
        name, options = _read(call)
        items: list[object] = []
        while slice_ := _read(call):
            items += slice_
        results = iter(_function(name)(items, *options))
        while found := list(islice(results, SLICE_ITEMS)):
            yield found
        yield None
    except CuestreamError as error:
        yield error
    except (MemoryError, RecursionError):
        yield TooMuchWorkError("This text takes more memory or time than this server allows")


def _read(call: BinaryIO) -> tuple[str, tuple[object, ...]]:
    (length,) = LENGTH.unpack(call.read(LENGTH.size))
    return pickle.loads(call.read(length))  # type: ignore[no-any-return]  # noqa: S301 - our parent


def _function(name: str) -> Callable[..., Iterable[object]]:
    module, _, function = name.partition(":")
    return getattr(import_module(module), function)  # type: ignore[no-any-return]


if __name__ == "__main__":
    main()
