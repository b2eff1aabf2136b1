"""The keeper of a batch's claims: renews them, and keeps their messages invisible meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

import structlog

from app.domain.errors import CuestreamError
from app.services.batch.document_store import DocumentClaim, DocumentStore

log = structlog.get_logger()

_RENEWALS_PER_LEASE = 3


class ClaimKeeper:
    """Renews the claims of one batch until it is closed.

    The messages that still wait in the batch stay invisible too, so that a batch that takes longer
    than its reader thought is not handed out twice.

    Args:
        store: of the documents.
        queue: of the messages.
        messages: of the whole batch.
    """

    def __init__(self, store: DocumentStore, queue: str, messages: Iterable[int]) -> None:
        self._store = store
        self._queue = queue
        self._messages = set(messages)
        self._claims: dict[str, tuple[DocumentClaim, Callable[[], None]]] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to renew."""
        self._task = asyncio.create_task(self._renew_for_ever(), name="renew claims")

    async def close(self) -> None:
        """Stop renewing."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    @contextmanager
    def keeping(self, claim: DocumentClaim, lost: Callable[[], None]) -> Iterator[None]:
        """Renew a claim while the block runs.

        Args:
            claim: granted already.
            lost: called where another worker has taken the document over.
        """
        self._claims[claim.owner] = (claim, lost)
        try:
            yield
        finally:
            self._claims.pop(claim.owner, None)

    def forget(self, message: int | None) -> None:
        """Stop keeping a message invisible, since its item has ended."""
        if message is not None:
            self._messages.discard(message)

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._store.lease_s / _RENEWALS_PER_LEASE)
            try:
                await self._renew()
            except CuestreamError as error:
                # The lease still runs for two more attempts; without one it is lost in good order.
                log.warning("claims could not be renewed", reason=error.message)

    async def _renew(self) -> None:
        claims = [claim for claim, _ in self._claims.values()]
        if not claims and not self._messages:
            return
        for owner in await self._store.renew(claims, self._queue, sorted(self._messages)):
            if owner in self._claims:
                self._claims[owner][1]()
