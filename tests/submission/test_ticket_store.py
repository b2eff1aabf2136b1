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
