"""The tickets that a process keeps: by id and by idempotency key, for a while, within a bound."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator

from app.domain.errors import IdempotencyConflictError, OverloadedError
from app.settings import QueueSettings
from app.submission.queue.ticket import JobOrder, Ticket

_RETRY_AFTER_S = 15

_SHARES = 4
"""A caller who holds less than one part of so many of the queue gets in, also where others have
filled it; by one part more at most."""


class TicketStore:
    """The tickets of a process.

    Args:
        settings: how many, and how large.
        removed: called with each ticket that goes.
        expired: called with a ticket whose job has not ended in the time that it had.
    """

    def __init__(
        self,
        settings: QueueSettings,
        removed: Callable[[Ticket], None],
        expired: Callable[[Ticket], None],
    ) -> None:
        self._settings = settings
        self._on_removal = removed
        self._on_expiry = expired
        self._tickets: dict[str, Ticket] = {}
        self._keys: dict[tuple[str, str, str], str] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def __iter__(self) -> Iterator[Ticket]:
        return iter(list(self._tickets.values()))

    def get(self, ticket_id: str) -> Ticket | None:
        """Return a ticket by its id."""
        return self._tickets.get(ticket_id)

    def waiting(self) -> list[Ticket]:
        """Return the tickets of jobs that have not begun."""
        return [each for each in self._tickets.values() if each.status == "IN_QUEUE"]

    def known(self, order: JobOrder) -> Ticket | None:
        """Return the ticket of an earlier order under the same key.

        Raises:
            IdempotencyConflictError: that was another order.
        """
        ticket = self._tickets.get(self._keys.get(_key_of(order), ""))
        if not order.idempotency_key or ticket is None:
            return None
        if not ticket.order.is_same(order):
            raise IdempotencyConflictError("Another job came under this Idempotency-Key")
        return ticket

    def keep(self, ticket: Ticket, age_s: float = 0.0) -> None:
        """Keep a ticket until its job has ended, and for a while then.

        Args:
            ticket: of a job.
            age_s: seconds since the job came.
        """
        self._tickets[ticket.id] = ticket
        if ticket.order.idempotency_key:
            self._keys[_key_of(ticket.order)] = ticket.id
        self.expire_after(ticket, max(0.0, ticket.order.ttl_s - age_s))

    def expire_after(self, ticket: Ticket, after_s: float) -> None:
        """Tell when a job's time is over that has not ended by then."""
        self._stop_timer(ticket.id)
        loop = asyncio.get_running_loop()
        self._timers[ticket.id] = loop.call_later(after_s, self._on_expiry, ticket)

    def remove_after(self, ticket: Ticket, after_s: float) -> None:
        """Remove a ticket after a time, in place of an earlier one."""
        self._stop_timer(ticket.id)
        loop = asyncio.get_running_loop()
        self._timers[ticket.id] = loop.call_later(after_s, self.remove, ticket)

    def remove(self, ticket: Ticket) -> None:
        """Forget a ticket."""
        self._tickets.pop(ticket.id, None)
        self._stop_timer(ticket.id)
        self._keys.pop(_key_of(ticket.order), None)
        self._on_removal(ticket)

    def make_room(self, ticket: Ticket) -> None:
        """Remove ended tickets until there is room for one more: the oldest of whoever holds most.

        Raises:
            OverloadedError: there is none, and none is removed.
        """
        self._check_room(ticket)
        limit = self._settings.max_kept_mb * 2**20
        held = Counter({ticket.order.owner.name: ticket.bytes})
        for each in self._tickets.values():
            held[each.order.owner.name] += each.bytes
        ended = self._ended()
        while ended and (
            held.total() > limit or len(self._tickets) >= 2 * self._settings.max_queued
        ):
            owner = max(ended, key=lambda name: held[name])
            gone = ended[owner].popleft()
            if not ended[owner]:
                del ended[owner]
            held[owner] -= gone.bytes
            self.remove(gone)

    def _check_room(self, ticket: Ticket) -> None:
        most_jobs, most_bytes = self._settings.max_queued, self._settings.max_kept_mb * 2**20
        unfinished = [each for each in self._tickets.values() if not each.ended]
        own = [each for each in unfinished if each.order.owner.name == ticket.order.owner.name]
        jobs, bytes_ = len(unfinished) + 1, _weight(unfinished) + ticket.bytes
        share_jobs, share_bytes = most_jobs // _SHARES, most_bytes // _SHARES
        if len(own) < share_jobs and _weight(own) + ticket.bytes <= share_bytes:
            most_jobs, most_bytes = most_jobs + share_jobs, most_bytes + share_bytes
        if jobs > most_jobs or bytes_ > most_bytes:
            raise OverloadedError("The queue is full", retry_after_s=_RETRY_AFTER_S)

    def _ended(self) -> dict[str, deque[Ticket]]:
        """Return the tickets of jobs that have ended by owner, the oldest first."""
        found: dict[str, deque[Ticket]] = defaultdict(deque)
        ended = [each for each in self._tickets.values() if each.ended]
        for each in sorted(ended, key=lambda each: each.ended_s or 0.0):
            found[each.order.owner.name].append(each)
        return found

    def close(self) -> None:
        """Stop the timers."""
        for timer in self._timers.values():
            timer.cancel()

    def _stop_timer(self, ticket_id: str) -> None:
        if (timer := self._timers.pop(ticket_id, None)) is not None:
            timer.cancel()


def _weight(tickets: Iterable[Ticket]) -> int:
    return sum(each.bytes for each in tickets)


def _key_of(order: JobOrder) -> tuple[str, str, str]:
    return (order.owner.name, order.endpoint, order.idempotency_key)
