"""Work on one item of a transcription batch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from app.domain.errors import (
    BusyError,
    ClaimLostError,
    CuestreamError,
    DocumentStoreError,
    MediaError,
    NoSpeechError,
    SourceError,
)
from app.domain.events import Result
from app.domain.request import JobRequest
from app.services.batch.batch_items import TRANSCRIPTION_QUEUE, BatchItem
from app.services.batch.claim_keeper import ClaimKeeper
from app.services.batch.document_request import DocumentRequest, document_request
from app.services.batch.document_store import Document, DocumentClaim, DocumentStore
from app.services.batch.transcription_row import silent_row, transcription_row
from app.settings import BatchSettings

log = structlog.get_logger()

ItemResult = dict[str, object]
"""What became of an item, as clients read it."""

_ERROR_CHARS = 500
_CUT_CHARS = 480
_STEP_URL_CHARS = 60

_RELEASE_S = 5.0
"""How long a server that leaves tries to give a document back; its lease runs out otherwise."""


@dataclass(frozen=True, slots=True)
class Model:
    """What transcribes.

    Attributes:
        provider: ``local`` or ``openai``.
        name: of the model.
    """

    provider: str
    name: str


class StepError(Exception):
    """A step of an item failed.

    Attributes:
        error: for the row and the answer.
    """

    def __init__(self, step: str, message: str) -> None:
        text = f"[Step: {step}] {message}"
        if len(text) > _ERROR_CHARS:
            text = f"{text[:_CUT_CHARS]}... (truncated)"
        super().__init__(text)
        self.error = text


@dataclass(frozen=True, slots=True)
class BatchItemRun:
    """Works on the items of one batch.

    Attributes:
        store: of the documents.
        keeper: renews the claims.
        transcribe: runs a request to its end.
        model: returns what transcribes, once it is loaded.
    """

    settings: BatchSettings
    store: DocumentStore
    keeper: ClaimKeeper
    transcribe: Callable[[JobRequest], Awaitable[Result]]
    model: Callable[[], Model]

    async def result(self, item: BatchItem, owner: str) -> ItemResult:
        """Work on an item and return what became of it.

        Args:
            item: of the batch.
            owner: name of this attempt, in all the world.

        Raises:
            DocumentStoreError: the database does not answer; nothing is lost.
        """
        if item.document_id is None:
            return await self._unusable(item, item.problem or "missing document_id")
        claim = DocumentClaim(item.document_id, owner)
        answer = await self.store.claim(claim)
        match answer.outcome:
            case "claimed" if answer.document is not None:
                return await self._work(item, claim, answer.document)
            case "busy":
                return self.retry(item, "Another worker has this document", reason="in progress")
            case "invalid_id":
                return await self._unusable(item, "invalid document_id")
            case "exhausted":
                return await self._archived(item, error=answer.error, read_ct=item.read_count)
            case _:
                return await self._stale(item)

    def retry(self, item: BatchItem, error: str, **further: object) -> ItemResult:
        """Return the result of an item whose message stays in its queue."""
        return _described(item, "retry", error=error, read_ct=item.read_count, **further)

    async def _work(self, item: BatchItem, claim: DocumentClaim, document: Document) -> ItemResult:
        try:
            row = await self._transcribed(item, claim, document)
            outcome = await self._stored(claim, row)
        except StepError as failure:
            return await self._failed(item, claim, failure.error)
        except ClaimLostError as error:
            return self.retry(item, error.message)
        except BusyError as error:
            # Nothing is wrong with the document: this worker leaves, or has no place for it.
            await self.store.release(claim, "pending", None)
            return self.retry(item, error.message)
        except asyncio.CancelledError:
            await self._give_back(claim)
            raise
        match outcome:
            case "completed":
                await self._acknowledge(item)
                counts = {name: row[name] for name in ("source", "word_count", "segment_count")}
                return _described(item, "completed", **counts)
            case "lost":
                return self.retry(item, "Another worker has taken this document over")
            case _:
                return await self._stale(item)

    async def _transcribed(
        self, item: BatchItem, claim: DocumentClaim, document: Document
    ) -> dict[str, object]:
        """Return a document's transcription.

        Raises:
            StepError: a step failed.
            ClaimLostError: another worker has the document.
            BusyError: this worker cannot work on it now.
        """
        try:
            job = document_request(document, skips_captions=item.skips_captions)
        except CuestreamError as error:
            raise StepError("validating document data", error.message) from error
        try:
            result = await self._kept(claim, job.request)
        except NoSpeechError:
            language = job.language.tag if job.language else "und"
            model = self.model()
            return silent_row(job.url, language, provider=model.provider, model=model.name)
        except (ClaimLostError, BusyError):
            raise
        except CuestreamError as error:
            raise StepError(self._step(job, error), error.message) from error
        model = self.model()
        return await asyncio.to_thread(
            transcription_row,
            result,
            job.url,
            provider=model.provider,
            caption_provider=self.settings.provider_name,
            model=model.name,
        )

    async def _kept(self, claim: DocumentClaim, request: JobRequest) -> Result:
        """Run a request while its claim is renewed; it stops where the claim is lost."""
        work = asyncio.ensure_future(self.transcribe(request))
        lost = False

        def stop() -> None:
            nonlocal lost
            lost = True
            work.cancel()

        try:
            with self.keeper.keeping(claim, stop):
                return await work
        except asyncio.CancelledError:
            if lost:
                raise ClaimLostError("Another worker has taken this document over") from None
            raise
        finally:
            work.cancel()

    def _step(self, job: DocumentRequest, error: CuestreamError) -> str:
        if isinstance(error, SourceError | MediaError):
            return f"extracting audio from {job.url[:_STEP_URL_CHARS]}"
        model = self.model()
        return f"transcribing audio with {model.provider}/{model.name}"

    async def _stored(self, claim: DocumentClaim, row: dict[str, object]) -> str:
        """Store a transcription and complete its document.

        Raises:
            StepError: the database refused it.
        """
        with self.keeper.keeping(claim, lambda: None):
            try:
                return await self.store.complete(claim, row)
            except DocumentStoreError as error:
                raise StepError("saving transcription to database", error.message) from error

    async def _failed(self, item: BatchItem, claim: DocumentClaim, error: str) -> ItemResult:
        """Give a document back after a failure: to be tried again, or for good after the last."""
        most, read = self.settings.worker_max_retries, item.read_count
        if read >= most:
            text = f"Failed after {read} attempts. Last error: {error}"
            outcome = await self.store.release(claim, "error", text)
        else:
            outcome = await self.store.release(claim, "pending", f"Retry {read}/{most}: {error}")
        if outcome == "not_pending":
            return await self._stale(item)
        if outcome == "lost" or read < most:
            return self.retry(item, error)
        return await self._archived(item, error=error, read_ct=read)

    async def _give_back(self, claim: DocumentClaim) -> None:
        """Give a document back at once, since this worker leaves."""
        release = asyncio.ensure_future(self.store.release(claim, "pending", None))
        with suppress(TimeoutError, CuestreamError):
            async with asyncio.timeout(_RELEASE_S):
                await asyncio.shield(release)
        release.cancel()

    async def _stale(self, item: BatchItem) -> ItemResult:
        """Delete the message of a document that needs no work."""
        await self._acknowledge(item)
        return _described(item, "deleted", reason="not pending")

    async def _unusable(self, item: BatchItem, reason: str) -> ItemResult:
        """Archive a message that names no document; one without a number cannot be."""
        if item.message is None:
            return self.retry(item, reason)
        return await self._archived(item, reason=reason)

    async def _archived(self, item: BatchItem, **further: object) -> ItemResult:
        if item.message is not None:
            try:
                await self.store.archive_message(TRANSCRIPTION_QUEUE, item.message)
            except DocumentStoreError as error:
                # It comes once more, and is deleted then: its document waits no longer.
                log.warning("message not archived", msg_id=item.message, reason=error.message)
                if item.document_id is None:
                    raise
        return _described(item, "archived", **further)

    async def _acknowledge(self, item: BatchItem) -> None:
        if item.message is None:
            return
        try:
            await self.store.delete_message(TRANSCRIPTION_QUEUE, item.message)
        except DocumentStoreError as error:
            # It comes once more, finds the document completed and is deleted then.
            log.warning("message not deleted", msg_id=item.message, reason=error.message)


def _described(item: BatchItem, status: str, **further: object) -> ItemResult:
    result: ItemResult = {"msg_id": item.message, "status": status, **further}
    if item.document_id is not None:
        result["document_id"] = item.document_id
    return result
