"""The event log of a job: numbered, append-only, with any number of readers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from app.domain.cue import Cue
from app.domain.events import CuesReady, Done, Event, Failed
from app.services.jobs.job_weight import event_bytes

E = TypeVar("E", bound=Event)


class EventLog:
    """Events numbered from 1; each reader follows at its own pace.

    A reader keeps only the number of the last event that it has seen. So a slow reader costs no
    memory, and a reader that comes back resumes where it stopped.
    """

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._listeners: set[Callable[[], None]] = set()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._events)

    @property
    def bytes(self) -> int:
        """Memory that the events hold, about."""
        return self._bytes

    @property
    def last(self) -> Event | None:
        """The newest event."""
        return self._events[-1] if self._events else None

    @property
    def closed(self) -> bool:
        """Whether no event will follow."""
        return isinstance(self.last, Done | Failed)

    def append(self, event: Event) -> None:
        """Add an event and wake every reader; events after the end are ignored."""
        if self.closed:
            return
        self._events.append(event)
        self._bytes += event_bytes(event)
        for listener in tuple(self._listeners):
            listener()

    def after(self, seq: int, most: int | None = None) -> list[tuple[int, Event]]:
        """Return the events with a higher number, each with its number.

        Args:
            seq: a number.
            most: return no more than so many; None for all.
        """
        begin = max(0, seq)
        end = None if most is None else begin + most
        return list(enumerate(self._events[begin:end], start=begin + 1))

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
        for event in self._events:
            if isinstance(event, CuesReady) and event.readable:
                cues |= {cue.id: cue for cue in event.cues}
        return sorted(cues.values(), key=lambda cue: cue.span.start_ms)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call a function after each new event; return the function that ends this."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)
