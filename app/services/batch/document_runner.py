"""The runner of transcription batches: claim, transcribe, store, acknowledge."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from app.domain.errors import BatchUnavailableError, CuestreamError, DocumentStoreError
from app.domain.events import Result
from app.domain.request import JobRequest
from app.services.batch.batch_item_run import BatchItemRun, ItemResult, Model
from app.services.batch.batch_items import TRANSCRIPTION_QUEUE, BatchItem
from app.services.batch.claim_keeper import ClaimKeeper
from app.services.batch.document_store import DocumentStore
from app.settings import BatchSettings

log = structlog.get_logger()

Transcribe = Callable[[JobRequest], Awaitable[Result]]
"""Runs a request through the pipeline to its end; cancelling it stops the job."""

STATUSES = ("completed", "retry", "archived", "deleted")


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What became of a batch.

    Attributes:
        results: one for each item, in the order in which they were sent.
    """

    results: tuple[ItemResult, ...]

    @property
    def summary(self) -> dict[str, int]:
        """How many items there are, in all and by what became of them."""
        counts = Counter(str(each["status"]) for each in self.results)
        return {"total": len(self.results), **{name: counts[name] for name in STATUSES}}


class DocumentRunner:
    """Works on batches; as many documents at a time as the settings allow, of all batches.

    Args:
        settings: of batch jobs.
        store: of the documents; None where none is configured.
    """

    def __init__(self, settings: BatchSettings, store: DocumentStore | None) -> None:
        self._settings = settings
        self._store = store
        self._slots = asyncio.Semaphore(settings.max_concurrent_transcriptions)
        self._running: set[asyncio.Task[BatchReport]] = set()

    @property
    def store(self) -> DocumentStore:
        """The documents.

        Raises:
            BatchUnavailableError: no database is configured.
        """
        if self._store is None:
            raise BatchUnavailableError(
                "Supabase not configured. Set SUPABASE_URL and SUPABASE_SERVICE_KEY, "
                "or DATABASE_URL"
            )
        return self._store

    async def run(
        self, items: Sequence[BatchItem], transcribe: Transcribe, model: Callable[[], Model]
    ) -> BatchReport:
        """Work on a batch to its end; cancelling it gives its documents back.

        An item that fails fails alone. What cannot be done now stays in its queue.

        Args:
            items: of the queue for transcriptions.
            transcribe: runs a request.
            model: returns what transcribes, for the metadata.

        Raises:
            BatchUnavailableError: no database is configured.
        """
        work = self._run(self.store, items, transcribe, model)
        task = asyncio.create_task(work, name="batch")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await task

    async def close(self) -> None:
        """Give back every claim, since the server leaves, and close the connections."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._store is not None:
            await self._store.close()

    async def _run(
        self,
        store: DocumentStore,
        items: Sequence[BatchItem],
        transcribe: Transcribe,
        model: Callable[[], Model],
    ) -> BatchReport:
        messages = [item.message for item in items if item.message is not None]
        keeper = ClaimKeeper(store, TRANSCRIPTION_QUEUE, messages)
        run = BatchItemRun(self._settings, store, keeper, transcribe, model)
        name = f"{self._settings.worker}/{uuid.uuid4().hex}"
        keeper.start()
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._item(run, keeper, item, f"{name}/{place}"))
                    for place, item in enumerate(items)
                ]
        finally:
            await keeper.close()
        return BatchReport(tuple(task.result() for task in tasks))

    async def _item(
        self, run: BatchItemRun, keeper: ClaimKeeper, item: BatchItem, owner: str
    ) -> ItemResult:
        try:
            async with self._slots:
                return await run.result(item, owner)
        except DocumentStoreError as error:
            # Whatever was not written yet: the message is in its queue, a claim runs out.
            log.warning("batch item left in its queue", msg_id=item.message, reason=error.message)
            return run.retry(item, error.message)
        except CuestreamError as error:
            return run.retry(item, error.message)
        except Exception as error:
            # A defect fails its own item; the rest of the batch goes on.
            log.error("batch item failed by a defect", msg_id=item.message, exc_info=error)
            return run.retry(item, "Internal server error")
        finally:
            keeper.forget(item.message)
