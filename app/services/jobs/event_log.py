"""The event log of a job: numbered, append-only, with any number of readers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import TypeVar

from app.domain.cue import Cue
from app.domain.events import CuesReady, Done, Event, Failed
from app.services.jobs.job_weight import event_bytes

E = TypeVar("E", bound=Event)


class _Listening:
    """One listener of a log.

    It holds neither once it ends, so that nothing keeps a log of thousands of events in memory
    until the next full garbage collection.
    """

    def __init__(self, listeners: set[Callable[[], None]], listener: Callable[[], None]) -> None:
        self._of: tuple[set[Callable[[], None]], Callable[[], None]] | None = (listeners, listener)
        listeners.add(listener)

    def end(self) -> None:
        """Call the listener no more."""
        if self._of is not None:
            listeners, listener = self._of
            listeners.discard(listener)
            self._of = None


class EventLog:
    """Events numbered from 1; each reader follows at its own pace.

    A reader keeps only the number of the last event that it has seen. So a slow reader costs no
    memory, and a reader that comes back resumes where it stopped.

    A log with a journal shows an event once the journal has written it: what a reader has seen
    outlives the process.

    Args:
        events: that are written already.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._events: list[Event] = list(events)
        self._shown = len(self._events)
        self._listeners: set[Callable[[], None]] = set()
        self._bytes = sum(map(event_bytes, self._events))
        self._journal: Callable[[], None] | None = None
        self._read_only = False

    def __len__(self) -> int:
        return self._shown

    @property
    def bytes(self) -> int:
        """Memory that the events hold, about."""
        return self._bytes

    @property
    def last(self) -> Event | None:
        """The newest event that readers see."""
        return self._events[self._shown - 1] if self._shown else None

    @property
    def newest(self) -> Event | None:
        """The newest event, whether or not readers see it yet."""
        return self._events[-1] if self._events else None

    @property
    def closed(self) -> bool:
        """Whether no event will follow for readers."""
        return isinstance(self.last, Done | Failed)

    @property
    def sealed(self) -> bool:
        """Whether the job has ended, even if readers do not see it yet."""
        return isinstance(self.newest, Done | Failed)

    def append(self, event: Event, weight_bytes: int | None = None) -> None:
        """Add an event and wake every reader.

        Events after the end are ignored, and those for a log that another process writes.

        Args:
            event: of any class.
            weight_bytes: memory that it holds, where that is known; weighing takes time.
        """
        if self.sealed or self._read_only:
            return
        self._events.append(event)
        self._bytes += event_bytes(event) if weight_bytes is None else weight_bytes
        if self._journal is None:
            self.show(len(self._events))
        else:
            self._journal()

    def after(self, seq: int, most: int | None = None) -> list[tuple[int, Event]]:
        """Return the events with a higher number that readers see, each with its number.

        Args:
            seq: a number.
            most: return no more than so many; None for all.
        """
        begin = max(0, seq)
        end = self._shown if most is None else min(self._shown, begin + most)
        return list(enumerate(self._events[begin:end], start=begin + 1))

    async def until_closed(self) -> AsyncGenerator[Event]:
        """Yield every event that readers see, from the first one on, as they come, to the end."""
        arrived = asyncio.Event()
        stop = self.listen(arrived.set)
        seq = 0
        try:
            while True:
                arrived.clear()
                for number, event in self.after(seq):
                    seq = number
                    yield event
                if seq < len(self):
                    continue
                if self.closed:
                    return
                await arrived.wait()
        finally:
            stop()

    def latest(self, kind: type[E], until: int | None = None) -> E | None:
        """Return the newest event of a class.

        Args:
            kind: class of the event.
            until: number of the last event that counts; None for all.
        """
        events = reversed(self._events if until is None else self._events[:until])
        return next((event for event in events if isinstance(event, kind)), None)

    def final_cues(self) -> list[Cue]:
        """Return the cues so far whose texts and times stay as they are, sorted by start."""
        cues: dict[int, Cue] = {}
        for event in self._events[: self._shown]:
            if isinstance(event, CuesReady) and event.readable:
                cues |= {cue.id: cue for cue in event.cues}
        return sorted(cues.values(), key=lambda cue: cue.span.start_ms)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call a function after new events are shown; return the function that ends this."""
        return _Listening(self._listeners, listener).end

    def keep_journal(self, journal: Callable[[], None]) -> None:
        """Show events from now on when they are written.

        Args:
            journal: called after each append; it writes what is new and calls `show`.
        """
        self._journal = journal
        self._read_only = False

    def end_journal(self) -> None:
        """Let go of the journal of a log to which nothing is added here any more."""
        self._journal = None

    @property
    def appended(self) -> int:
        """Number of the newest event, whether or not readers see it yet."""
        return len(self._events)

    def beyond(self, seq: int) -> tuple[Event, ...]:
        """Return the events after a number, whether or not readers see them yet."""
        return tuple(self._events[seq:])

    def show(self, until: int) -> None:
        """Let readers see the events up to a number, and wake them."""
        if until > self._shown:
            self._shown = until
            self._wake()

    def follow(self, events: Iterable[Event]) -> None:
        """Add events that another process has written; those that are not written here go."""
        self._read_only = True
        del self._events[self._shown :]
        self._events.extend(events)
        self._bytes = sum(map(event_bytes, self._events))
        self.show(len(self._events))

    def _wake(self) -> None:
        for listener in tuple(self._listeners):
            listener()
