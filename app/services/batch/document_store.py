"""The store of documents: claims on them, their transcriptions, and the messages that name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import stamina

from app.domain.errors import DatabaseUnreachableError, DocumentStoreError
from app.services.batch.rpc_client import Parameter, RpcClient
from app.services.batch.storable_values import storable, storable_json

_PATIENCE_S = 60.0
"""How long a call is repeated while the database is away; a restart takes some seconds."""

ClaimOutcome = Literal["claimed", "busy", "not_pending", "invalid_id", "exhausted"]
EndOutcome = Literal["completed", "released", "not_pending", "lost"]


@dataclass(frozen=True, slots=True)
class Document:
    """A row of ``documents``; every field is what some program wrote into it.

    Attributes:
        metadata: an object, or whatever stands there.
    """

    canonical_url: object
    metadata: object
    media_format: object
    lang: object
    title: object


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """The answer to a claim.

    Attributes:
        document: where it was claimed.
        error: why it failed for good, where it did.
    """

    outcome: ClaimOutcome
    document: Document | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentClaim:
    """A lease on a document.

    Attributes:
        owner: name of this one attempt at it, in all the world.
    """

    document_id: str
    owner: str


class DocumentStore:
    """Documents and messages behind the functions of `docs/supabase/schema.sql`.

    Every call may be repeated: a claim that its owner has already is granted again, and what was
    ended is ended.

    Args:
        rpc: calls the functions.
        lease_s: how long a claim holds.
        most_lost_claims: workers that may go away one after another while they have a document.
        patience_s: how long a call is repeated while the database is away.
    """

    def __init__(
        self,
        rpc: RpcClient,
        lease_s: int,
        most_lost_claims: int,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._rpc = rpc
        self._most_lost_claims = most_lost_claims
        self._patience_s = patience_s
        self.lease_s = lease_s

    async def claim(self, claim: DocumentClaim) -> ClaimAnswer:
        """Claim a document that waits, or whose worker went away.

        Raises:
            DocumentStoreError: the database does not answer, or refuses.
        """
        answer = await self._call(
            "claim_document",
            {
                "p_document_id": claim.document_id,
                "p_owner": claim.owner,
                "p_lease_seconds": self.lease_s,
                "p_most_lost_claims": self._most_lost_claims,
            },
        )
        row = _object(answer)
        outcome: ClaimOutcome = row["outcome"]  # type: ignore[assignment]
        if outcome != "claimed":
            error = row.get("error")
            return ClaimAnswer(outcome, error=error if isinstance(error, str) else None)
        names = ("canonical_url", "metadata", "media_format", "lang", "title")
        return ClaimAnswer(outcome, Document(*(row.get(name) for name in names)))

    async def renew(
        self, claims: Sequence[DocumentClaim], queue: str, messages: Sequence[int]
    ) -> frozenset[str]:
        """Renew claims, and keep messages invisible as long; one attempt.

        Returns:
            The owners whose claim is gone.

        Raises:
            DocumentStoreError: the database does not answer, or refuses.
        """
        rows: list[object] = [{"document_id": c.document_id, "owner": c.owner} for c in claims]
        lost = await self._rpc.call(
            "renew_claims",
            {
                "p_claims": rows,
                "p_lease_seconds": self.lease_s,
                "p_queue_name": queue,
                "p_msg_ids": list(messages),
            },
        )
        return frozenset(map(str, lost)) if isinstance(lost, list) else frozenset()

    async def complete(
        self, claim: DocumentClaim, transcription: Mapping[str, object]
    ) -> EndOutcome:
        """Store a transcription and complete its document, both or neither.

        Returns:
            ``completed``; ``not_pending`` where somebody else has ended it, ``lost`` where another
            worker has it: then nothing is changed.

        Raises:
            DocumentStoreError: the database does not answer, or refuses.
        """
        answer = await self._call(
            "complete_document",
            {
                "p_document_id": claim.document_id,
                "p_owner": claim.owner,
                "p_transcription": transcription,
            },
        )
        return str(answer)  # type: ignore[return-value]

    async def release(
        self, claim: DocumentClaim, status: Literal["pending", "error"], error: str | None
    ) -> EndOutcome:
        """Give a document back, to be tried again or as failed.

        Returns:
            ``released``, or as in `complete`.

        Raises:
            DocumentStoreError: the database does not answer, or refuses.
        """
        answer = await self._call(
            "release_document",
            {
                "p_document_id": claim.document_id,
                "p_owner": claim.owner,
                "p_status": status,
                "p_error": None if error is None else storable(error),
            },
        )
        return str(answer)  # type: ignore[return-value]

    async def delete_message(self, queue: str, message: int) -> None:
        """Delete a message, whose work is done.

        Raises:
            DocumentStoreError: the database does not answer, or refuses.
        """
        await self._call("pgmq_delete_one", {"queue_name": queue, "msg_id": message})

    async def archive_message(self, queue: str, message: int) -> None:
        """Archive a message that nothing can be done with.

        Raises:
            DocumentStoreError: the database does not answer, or refuses.
        """
        await self._call("pgmq_archive_one", {"queue_name": queue, "msg_id": message})

    async def save(
        self, document_id: str, transcription: Mapping[str, object]
    ) -> dict[str, object]:
        """Insert or update a document's transcription, whoever has claimed it.

        Raises:
            DocumentStoreError: the database does not answer, or refuses.
        """
        return _object(
            await self._call(
                "put_transcription",
                {"p_document_id": document_id, "p_transcription": transcription},
            )
        )

    async def find(self, document_id: str) -> dict[str, object] | None:
        """Return a document's transcription without its segments; None where it has none.

        Raises:
            DocumentStoreError: the database does not answer, or refuses.
        """
        found = await self._call("find_transcription", {"p_document_id": document_id})
        return None if found is None else _object(found)

    async def add_picture(self, row: Mapping[str, object]) -> None:
        """Enter a picture in ``public_media``.

        Raises:
            DocumentStoreError: the database does not answer, or refuses.
        """
        await self._call("add_public_media", {"p_row": cast("Parameter", storable_json(row))})

    async def mark_pictures(self, transcription_id: str, job_id: str, count: int) -> None:
        """Note in a transcription that its pictures are there.

        Raises:
            DocumentStoreError: the database does not answer, or refuses.
        """
        await self._call(
            "mark_transcription_screenshots_extracted",
            {
                "p_transcription_id": transcription_id,
                "p_runpod_job_id": job_id,
                "p_extracted_count": count,
            },
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._rpc.close()

    async def _call(self, function: str, parameters: Mapping[str, Parameter]) -> object:
        """Call a function, again while the database is away."""
        async for attempt in stamina.retry_context(
            on=DatabaseUnreachableError,
            attempts=None,
            timeout=self._patience_s,
            wait_initial=0.2,
            wait_max=5.0,
        ):
            with attempt:
                return await self._rpc.call(function, parameters)
        raise AssertionError  # the last attempt returns or raises


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise DocumentStoreError("The database answered in an unknown form")
    return value
