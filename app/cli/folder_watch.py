"""Waiting for new files in a folder, each until it is whole."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

from app.cli.inputs import InputItem, is_media

_LOOK_MS = 500


def new_files(folder: Path, settle_s: float, stop: threading.Event) -> Iterator[InputItem]:
    """Yield files of media in a folder, those that are there first, until told to stop.

    A file comes once its size and its time have not changed for a while, and again when it is
    written anew.

    Args:
        folder: with everything below it.
        settle_s: how long a file has to stay as it is.
        stop: ends the wait.
    """
    from watchfiles import watch

    seen: dict[Path, tuple[int, int]] = {}
    changes = watch(
        folder,
        stop_event=stop,
        rust_timeout=_LOOK_MS,
        yield_on_timeout=True,
        raise_interrupt=True,
    )
    waiting: dict[Path, tuple[tuple[int, int], float]] = {}
    yield from _whole(_news(folder, seen), waiting, seen, settle_s)
    next(changes, None)
    # What came between the first look and the beginning of the watch was not told.
    yield from _whole(_news(folder, seen), waiting, seen, settle_s)
    for change in changes:
        paths = [Path(name) for _, name in change] if change else []
        candidates = {*waiting, *(path for path in paths if is_media(path))}
        yield from _whole(sorted(candidates), waiting, seen, settle_s)


def _news(folder: Path, seen: dict[Path, tuple[int, int]]) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if is_media(path) and path not in seen]


def _whole(
    candidates: list[Path],
    waiting: dict[Path, tuple[tuple[int, int], float]],
    seen: dict[Path, tuple[int, int]],
    settle_s: float,
) -> Iterator[InputItem]:
    """Yield those that have settled; the others go on waiting."""
    for path in candidates:
        state = _state(path)
        if state is None or seen.get(path) == state:
            waiting.pop(path, None)
            continue
        before, since_s = waiting.get(path, (None, 0.0))
        if before != state:
            waiting[path] = (state, time.monotonic())
        elif time.monotonic() - since_s >= settle_s:
            del waiting[path]
            seen[path] = state
            yield InputItem(str(path), path, named=False)


def _state(path: Path) -> tuple[int, int] | None:
    """Return size in bytes and time of change in ns; None for a file without content, or none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns) if found.st_size else None
