"""What the command remembers of a job, so that the next run goes on with it."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import TypeAdapter

from app.cli.inputs import InputItem

MOST_JOBS = 5000
"""Jobs that are remembered; the oldest beyond them are forgotten."""

MOST_AGE_S = 30 * 24 * 3600
"""A job that nothing was noted of for so long is forgotten: servers have removed it long before."""

_PRUNE_EVERY_S = 24 * 3600
"""A watch goes on for months."""


@dataclass(slots=True)
class RememberedJob:
    """One job of one input.

    Attributes:
        events: path of its events at the server; empty before it has begun.
        last_event: number of the last event that was seen; empty for none.
        worker: of several behind a gateway, the one that has the job; empty where none is named.
        uploads: paths of uploads in parts at the server, by the fields that name them.
        attempt: key under which a job of the server's queue was handed in; empty for none.
        outputs: files that were written of it.
    """

    events: str = ""
    last_event: str = ""
    worker: str = ""
    uploads: dict[str, str] = field(default_factory=dict)
    attempt: str = ""
    outputs: list[str] = field(default_factory=list)


class JobMemory:
    """A folder with a file for each job; what is old, or too much, is forgotten.

    Args:
        folder: made when it is first needed, for this user alone.
        notice: takes code and message of the one notice that nothing can be remembered.
    """

    def __init__(self, folder: Path, notice: Callable[[str, str], None] = lambda *_: None) -> None:
        self._folder = folder / "jobs"
        self._notice = notice
        self._is_reported = False
        self._prune_s = 0.0

    def load(self, key: str) -> RememberedJob:
        """Return what is remembered; a file that cannot be read is nothing."""
        try:
            found = (self._folder / f"{key}.json").read_bytes()
            return TypeAdapter(RememberedJob).validate_json(found)
        except (OSError, ValueError):
            return RememberedJob()

    def save(self, key: str, job: RememberedJob) -> None:
        """Remember a job; where that cannot be, a notice says so once and the work goes on."""
        try:
            self._write(key, job)
        except OSError as error:
            if not self._is_reported:
                reason = f"{error.filename or 'the state'}: {error.strerror or error}"
                text = f"the next run cannot go on with this one ({reason}); CUESTREAM_STATE_DIR"
                self._notice("state_not_saved", text)
            self._is_reported = True

    def forget(self, key: str) -> None:
        """Forget a job of this run."""
        with suppress(OSError):  # what stays is pruned
            (self._folder / f"{key}.json").unlink(missing_ok=True)

    def _write(self, key: str, job: RememberedJob) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{key}.json"
        written = path.with_suffix(f".{os.getpid()}")
        try:
            written.write_text(json.dumps(asdict(job)), "utf-8")
            written.replace(path)
        finally:
            written.unlink(missing_ok=True)

    @contextmanager
    def claimed(self, key: str, busy: Callable[[], None]) -> Iterator[None]:
        """Keep a job to this run; another run waits for its end and then finds what it wrote.

        Args:
            key: of the job.
            busy: called where another run has it.
        """
        lock = FileLock(self._folder / f"{key}.lock")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._prune()
            try:
                lock.acquire(timeout=0)
            except Timeout:
                busy()
                lock.acquire()
        except (OSError, NotImplementedError):
            # Nothing can be remembered here, or this file system has no locks; saving reports it.
            yield
            return
        try:
            yield
        finally:
            lock.release()

    def _prune(self) -> None:
        """Forget jobs that are old or too many, once a day; those of a run that goes on stay.

        Raises:
            OSError: the folder cannot be read.
        """
        if time.monotonic() < self._prune_s:
            return
        self._prune_s = time.monotonic() + _PRUNE_EVERY_S
        files: dict[str, list[Path]] = defaultdict(list)
        noted_s: dict[str, float] = defaultdict(float)
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another run forgets it as well
                key = path.name.partition(".")[0]
                noted_s[key] = max(noted_s[key], path.stat().st_mtime)
                files[key].append(path)
        oldest_s = time.time() - MOST_AGE_S
        newest_first = sorted(files, key=noted_s.__getitem__, reverse=True)
        for place, key in enumerate(newest_first):
            if place >= MOST_JOBS or noted_s[key] < oldest_s:
                self._remove(key, files[key])

    def _remove(self, key: str, files: Sequence[Path]) -> None:
        """Remove the files of a job that no run works on."""
        lock = FileLock(self._folder / f"{key}.lock")
        try:
            # Whoever waits for a lock whose file is removed takes the one that comes in its place.
            with lock.acquire(timeout=0):
                for path in (*files, Path(lock.lock_file)):
                    path.unlink(missing_ok=True)
        except (OSError, NotImplementedError):
            return  # a run has it; `Timeout` is an OSError


def job_key(server: str, facts: Sequence[object], fields: Mapping[str, Any]) -> str:
    """Return a name of what is asked for: another server, file or option is another job.

    Args:
        server: its address; empty for one of the command's own.
        facts: of what is worked on.
        fields: of the request.
    """
    asked = json.dumps([server, list(facts), dict(fields)], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()[:32]


def item_facts(item: InputItem) -> list[object]:
    """Return what distinguishes an input from every other one."""
    if item.path is None:
        return [item.url]
    if item.from_pipe:
        with item.path.open("rb") as file:
            return [hashlib.file_digest(file, "sha256").hexdigest()]
    return file_facts(item.path)


def file_facts(path: Path) -> list[object]:
    """Return what distinguishes a file from every other one, and from its earlier contents."""
    found = path.stat()
    return [str(path.resolve()), found.st_size, found.st_mtime_ns]
