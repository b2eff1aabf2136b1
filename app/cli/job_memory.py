"""What the command remembers of a job, so that the next run goes on with it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import TypeAdapter

from app.cli.inputs import InputItem


@dataclass(slots=True)
class RememberedJob:
    """One job of one input.

    Attributes:
        events: path of its events at the server; empty before it has begun.
        last_event: number of the last event that was seen; empty for none.
        worker: of several behind a gateway, the one that has the job; empty where none is named.
        upload: path of an upload in parts; empty for none.
        outputs: files that were written of it.
    """

    events: str = ""
    last_event: str = ""
    worker: str = ""
    upload: str = ""
    outputs: list[str] = field(default_factory=list)


class JobMemory:
    """A folder with a file for each job.

    Args:
        folder: made when it is first needed, for this user alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "jobs"

    def load(self, key: str) -> RememberedJob:
        """Return what is remembered; a file that cannot be read is nothing."""
        try:
            found = (self._folder / f"{key}.json").read_bytes()
            return TypeAdapter(RememberedJob).validate_json(found)
        except (OSError, ValueError):
            return RememberedJob()

    def save(self, key: str, job: RememberedJob) -> None:
        """Remember a job.

        Raises:
            OSError: the folder cannot be written.
        """
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
            busy: is told where another run has it.
        """
        lock = FileLock(self._folder / f"{key}.lock")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                busy()
                lock.acquire()
        except (OSError, NotImplementedError):
            # Nothing can be remembered here, or this file system has no locks; saving tells it.
            yield
            return
        try:
            yield
        finally:
            lock.release()


def job_key(server: str, item: InputItem, fields: Mapping[str, Any]) -> str:
    """Return a name of what is asked for: another server, file or option is another job.

    Args:
        server: its address; empty for one of the command's own.
        item: that is worked on.
        fields: of the request.
    """
    where: list[object] = [item.url]
    if item.path is not None:
        found = item.path.stat()
        where = [str(item.path.resolve()), found.st_size, found.st_mtime_ns]
        if item.from_pipe:
            where = [hashlib.sha256(item.path.read_bytes()).hexdigest()]
    told = json.dumps([server, where, dict(fields)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:32]
