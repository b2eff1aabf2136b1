"""Tickets of the queue: whose go where there is no room for one more."""

from __future__ import annotations

import pytest

from app.domain.errors import OverloadedError
from app.settings import QueueSettings
from app.submission.queue.ticket import JobOrder, Ticket, TicketOwner
from app.submission.queue.ticket_store import TicketStore


def ticket(owner: str, size: int, *, ended: bool = True) -> Ticket:
    order = JobOrder({}, "", TicketOwner(owner), 60.0, 60.0, 60.0)
    made = Ticket(order, size)
    if ended:
        made.end("COMPLETED")
    return made


async def test_the_ended_tickets_of_whoever_holds_most_make_room() -> None:
    removed: list[Ticket] = []
    store = TicketStore(QueueSettings(max_kept_mb=1), removed.append, removed.append)
    quiet, waiting = ticket("quiet", 1000), ticket("quiet", 1000, ended=False)
    large = [ticket("large", 100_000) for _ in range(3)]
    for each in (quiet, waiting, *large):
        store.keep(each)
    store.make_room(ticket("other", 50_000))
    assert removed == large[:1]
    store.make_room(ticket("other", 200_000))
    assert removed == large[:2]
    with pytest.raises(OverloadedError):
        store.make_room(ticket("other", 2**20))
    assert list(store) == [quiet, waiting, large[2]], "what has no room at all takes nothing away"
    store.close()


async def test_who_fills_the_queue_leaves_a_quarter_of_it_to_others() -> None:
    store = TicketStore(QueueSettings(max_queued=8, max_kept_mb=1), [].append, [].append)

    def take(owner: str, size: int = 1000) -> None:
        waiting = ticket(owner, size, ended=False)
        store.make_room(waiting)
        store.keep(waiting)

    for _ in range(8):
        take("greedy")
    with pytest.raises(OverloadedError):
        take("greedy")
    with pytest.raises(OverloadedError):
        take("other", 2**20)
    take("other")
    take("third")
    with pytest.raises(OverloadedError):
        take("fourth")
    store.close()


async def test_large_inputs_leave_memory_to_others() -> None:
    store = TicketStore(QueueSettings(max_kept_mb=1), [].append, [].append)
    large = ticket("greedy", 340_000, ended=False)
    store.make_room(large)
    store.keep(large)
    with pytest.raises(OverloadedError):
        store.make_room(ticket("greedy", 80_000, ended=False))
    store.make_room(ticket("other", 80_000, ended=False))
    store.close()
