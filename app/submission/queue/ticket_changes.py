"""Waiting for changes of the queue's jobs."""

from __future__ import annotations

import asyncio

from app.submission.queue.ticket import Ticket


class TicketChanges:
    """Wakes those who wait for a job of the queue."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._left = False

    async def wait(self, ticket: Ticket, limit_s: float, unread_by: str | None) -> None:
        """Wait until a job has ended.

        Args:
            ticket: the job.
            limit_s: longest wait; none where the server leaves, since another one may answer.
            unread_by: also return as soon as there is something that this reader has not read.
        """
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + limit_s
        while not (ticket.ended or self._left) and not (
            unread_by is not None and ticket.has_unread(unread_by)
        ):
            try:
                async with asyncio.timeout_at(deadline_s):
                    await self._changed.wait()
            except TimeoutError:
                return

    def leave(self) -> None:
        """Let no one wait any more, since the server leaves and its jobs are given back."""
        self._left = True
        self.notify()

    def notify(self) -> None:
        """Wake all that wait for a change."""
        self._changed.set()
        self._changed = asyncio.Event()
