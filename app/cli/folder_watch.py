"""Waiting for new files in a folder, each until it is whole."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.cli.inputs import InputItem, found_item, is_media, media_below
from app.cli.open_files import OpenForWriting

_LOOK_MS = 500
_LOOK_S = _LOOK_MS / 1000
_SCAN_S = 5.0
"""Seconds between looks at the whole folder. Network file systems report no changes, and no system
reports what was in a folder before it was watched."""

_SCAN_SHARE = 20
"""A look at everything takes at most this share of the time: a large folder is looked at less."""

_AGAIN_S = 60.0
"""Seconds until a file is tried again for which there was no server."""

_State = tuple[int, int]
_Notice = Callable[[str, str], None]


@dataclass(slots=True)
class _Resting:
    """A file that is not taken yet.

    Attributes:
        state: size in bytes, and time of change in ns.
        rested_s: for how long it was seen to stay so.
        due_s: when it may be taken, on the clock of `time.monotonic`.
        is_reported: whether a notice said that it is open.
    """

    state: _State
    rested_s: float = 0.0
    due_s: float = 0.0
    is_reported: bool = False


class FolderWatch:
    """Files of media in a folder and below it, those that are there first, without end.

    A file comes once its size and its time have not changed for a while and no program has it open
    for writing, and again when it is written anew.

    Args:
        folder: with everything below it.
        settle_s: how long a file has to stay as it is.
        notice: takes code and message of what keeps it from watching as usual.
    """

    def __init__(self, folder: Path, settle_s: float, notice: _Notice) -> None:
        self._folder = folder
        self._settle_s = settle_s
        self._notice = notice
        self._seen: dict[Path, _State] = {}
        self._resting: dict[Path, _Resting] = {}
        self._open = OpenForWriting()
        self._looked_s = time.monotonic()
        self._scan_s = 0.0
        self._there = True

    def items(self) -> Iterator[InputItem]:
        """Yield files, each when it is whole; ends only by an interrupt."""
        for changed in self._changes():
            if time.monotonic() >= self._scan_s:
                self._scan()
            for name in changed:
                self._note(self._files_at(Path(name)))
            yield from self._whole()

    def again(self, item: InputItem) -> None:
        """Take a file once more after a while: nothing could be done with it."""
        if item.path is not None and (state := self._seen.pop(item.path, None)) is not None:
            self._resting[item.path] = _Resting(state, due_s=time.monotonic() + _AGAIN_S)

    def _changes(self) -> Iterator[Iterable[str]]:
        """Yield paths that have changed, or none, about as often as it is looked."""
        from watchfiles import watch

        try:
            changes = watch(
                self._folder,
                watch_filter=None,
                rust_timeout=_LOOK_MS,
                yield_on_timeout=True,
                ignore_permission_denied=True,
            )
            for change in changes:
                yield [name for _, name in change]
        # Its own error is a RuntimeError: too many watches, or a folder that vanished.
        except (OSError, RuntimeError) as error:
            self._notice(
                "watch", f"the system reports no changes ({error}); looking every {_SCAN_S} s"
            )
        while True:
            time.sleep(_LOOK_S)
            yield ()

    def _scan(self) -> None:
        began_s = time.monotonic()
        there = self._folder.is_dir()
        if self._there and not there:
            self._notice("watch", f"{self._folder} is not there; waiting for it")
        self._there = there
        self._note(media_below(self._folder))
        ended_s = time.monotonic()
        self._scan_s = ended_s + max(_SCAN_S, _SCAN_SHARE * (ended_s - began_s))

    def _files_at(self, changed: Path) -> Iterator[Path]:
        """Yield files of a path that has changed, under names as a look at everything has them."""
        path = self._folder / os.path.relpath(changed, self._folder)
        if path.is_dir():
            yield from media_below(path)
        elif is_media(path):
            yield path

    def _note(self, paths: Iterable[Path]) -> None:
        for path in paths:
            state = _state(path)
            if state is None or path in self._resting or self._seen.get(path) == state:
                continue
            self._resting[path] = _Resting(state)

    def _whole(self) -> Iterator[InputItem]:
        """Yield those that have settled; the others go on waiting."""
        now_s = time.monotonic()
        # What went on while a job was worked on, or this process was stopped, was not seen.
        passed_s = min(now_s - self._looked_s, 2 * _LOOK_S)
        self._looked_s = now_s
        settled = [path for path in sorted(self._resting) if self._settled(path, passed_s, now_s)]
        for path in settled:
            # A job before it took its time.
            if _state(path) == self._resting[path].state:
                self._seen[path] = self._resting.pop(path).state
                yield found_item(path, self._folder)
        self._looked_s = max(self._looked_s, time.monotonic() - _LOOK_S)

    def _settled(self, path: Path, passed_s: float, now_s: float) -> bool:
        resting, state = self._resting[path], _state(path)
        if state is None:
            del self._resting[path]
            return False
        if state != resting.state:
            self._resting[path] = _Resting(state, is_reported=resting.is_reported)
            return False
        resting.rested_s += passed_s
        if resting.rested_s < self._settle_s or now_s < resting.due_s:
            return False
        if not self._open.holds(path):
            return True
        if not resting.is_reported:
            self._notice("watch", f"{path} is open for writing; waiting until it is closed")
            resting.is_reported = True
        return False


def _state(path: Path) -> _State | None:
    """Return size in bytes and time of change in ns; None for a file without content, or none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns) if found.st_size else None
