"""The numbered, append-only record of what happened in a job."""

from __future__ import annotations

from collections.abc import Callable

from app.domain.events import Done, Event, Failed


class EventLog:
    """Events numbered from 1; any number of readers follow at their own pace.

    A reader keeps only the number of the last event that it has seen, so a slow reader costs
    no memory and a reader that comes back resumes where it stopped.
    """

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._listeners: set[Callable[[], None]] = set()

    def __len__(self) -> int:
        return len(self._events)

    @property
    def last(self) -> Event | None:
        """The newest event."""
        return self._events[-1] if self._events else None

    @property
    def closed(self) -> bool:
        """Whether nothing follows."""
        return isinstance(self.last, Done | Failed)

    def append(self, event: Event) -> None:
        """Add an event and wake every reader; after the end, events are ignored."""
        if self.closed:
            return
        self._events.append(event)
        for listener in tuple(self._listeners):
            listener()

    def after(self, seq: int) -> list[tuple[int, Event]]:
        """Return the events with a higher number, each with its number."""
        return list(enumerate(self._events[max(0, seq) :], start=max(0, seq) + 1))

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call a function after each new event; return what ends that."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)
