"""Streams of job events, with heartbeats while no event comes.

One timer serves every stream. A task or a timeout for each stream costs about twice the memory
and the CPU time.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import Final

from app.domain.events import Event, Progress
from app.services.jobs.runtime import JobRuntime
from app.settings import JobSettings

_TICK_S = 1.0
_BATCH_EVENTS = 500
"""Events that a reader takes from the log at once."""

_LEAVING = "The server is shutting down"


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event of the job's log.

    Attributes:
        seq: its number; a reader resumes after it.
        last: whether nothing follows.
    """

    seq: int
    event: Event
    last: bool


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The last progress again, with the time that the reader has been waiting."""

    progress: Progress


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """A comment that keeps the connection open."""


@dataclass(frozen=True, slots=True)
class ServerLeaving:
    """The server shuts down; the reader may resume later or at another server."""

    retry_ms: int


Item = LoggedEvent | Heartbeat | KeepAlive | ServerLeaving

KEEP_ALIVE: Final = KeepAlive()


class _Reader:
    __slots__ = ("due", "last_sent_s", "last_stage_s", "progress_s", "wake")

    def __init__(self, now_s: float) -> None:
        self.wake = asyncio.Event()
        self.due: bool = False
        self.last_sent_s = now_s
        self.last_stage_s = now_s
        self.progress_s = now_s


class StreamHub:
    """Serves every stream of this process.

    Args:
        settings: times between heartbeats and comments.
    """

    def __init__(self, settings: JobSettings) -> None:
        self._settings = settings
        self._readers: set[_Reader] = set()
        self._timer: asyncio.Task[None] | None = None
        self._leaving = False

    @property
    def readers(self) -> int:
        """Number of open streams."""
        return len(self._readers)

    def start(self) -> None:
        """Start the shared timer."""
        self._timer = asyncio.create_task(self._tick(), name="stream-timer")

    async def close(self) -> None:
        """Stop the shared timer."""
        if self._timer is not None:
            self._timer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._timer

    def leave(self) -> None:
        """End every stream with `ServerLeaving`."""
        self._leaving = True
        for reader in self._readers:
            reader.wake.set()

    async def follow(self, job: JobRuntime, after: int = 0) -> AsyncGenerator[Item]:
        """Yield a job's events from a number on, with heartbeats in between.

        Args:
            job: counted as read while this runs.
            after: number of the last event that the reader has seen. Where the log is shorter than
                that, another process has written more, and nothing of it comes twice.
        """
        reader = _Reader(time.monotonic())
        stop = job.log.listen(reader.wake.set)
        self._readers.add(reader)
        job.attach()
        progress = job.log.latest(Progress, until=after)
        reader.progress_s = time.monotonic()
        try:
            while True:
                for seq, event in job.log.after(after, _BATCH_EVENTS):
                    after = seq
                    if isinstance(event, Progress):
                        progress = event
                        reader.progress_s = time.monotonic()
                    yield _sent(
                        reader, LoggedEvent(seq, event, job.log.closed and seq == len(job.log))
                    )
                if after < len(job.log):
                    continue
                if job.log.closed:
                    return
                if self._leaving:
                    if progress is not None:
                        yield Heartbeat(replace(progress, message=_LEAVING))
                    yield ServerLeaving(retry_ms=2000)
                    return
                if reader.due:
                    reader.due = False
                    yield _sent(reader, self._heartbeat(reader, job, progress))
                    continue
                reader.wake.clear()
                if len(job.log) <= after and not self._leaving:
                    await reader.wake.wait()
        finally:
            stop()
            self._readers.discard(reader)
            job.detach()

    def _heartbeat(self, reader: _Reader, job: JobRuntime, progress: Progress | None) -> Item:
        now = time.monotonic()
        if progress is None or now - reader.last_stage_s < self._settings.heartbeat_s:
            return KEEP_ALIVE
        message = f"{progress.message} ({int(job.record.age_s)} s)"
        eta_ms = _eta_ms(progress, now - reader.progress_s)
        return Heartbeat(replace(progress, message=message, eta_ms=eta_ms))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(min(_TICK_S, self._settings.comment_s / 4))
            now = time.monotonic()
            for reader in self._readers:
                silent = now - reader.last_sent_s >= self._settings.comment_s
                if silent or now - reader.last_stage_s >= self._settings.heartbeat_s:
                    reader.due = True
                    reader.wake.set()


def _eta_ms(progress: Progress, waited_s: float) -> int | None:
    """Return a remaining time after a while; None once it has passed, when it is unknown."""
    left_ms = (progress.eta_ms or 0) - int(waited_s * 1000)
    return left_ms if left_ms > 0 else None


def _sent(reader: _Reader, item: Item) -> Item:
    reader.last_sent_s = time.monotonic()
    if isinstance(item, Heartbeat) or (
        isinstance(item, LoggedEvent) and isinstance(item.event, Progress)
    ):
        reader.last_stage_s = reader.last_sent_s
    return item
