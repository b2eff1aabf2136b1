"""Errors of what the server stores: disk, databases, object store."""

from __future__ import annotations

from app.domain.errors.cuestream_error import CuestreamError


class DocumentStoreError(CuestreamError):
    """The database of batch jobs refused a call."""

    code = "document_store_failed"
    retryable = True


class DatabaseUnreachableError(DocumentStoreError):
    """The database of batch jobs cannot be reached, or went away in the middle of a call."""

    code = "database_unreachable"


class DocumentSchemaError(DocumentStoreError):
    """The database of batch jobs lacks tables, columns or functions of ours."""

    code = "database_schema"
    retryable = False


class ClaimLostError(DocumentStoreError):
    """Another worker has taken a document over, since its lease ran out."""

    code = "claim_lost"


class BatchUnavailableError(DocumentStoreError):
    """No database of batch jobs is configured."""

    code = "batch_unavailable"
    retryable = False


class StorageError(CuestreamError):
    """The disk is full or not writable."""

    code = "storage_failed"
    retryable = True


class StoreUnavailableError(StorageError):
    """The database of jobs does not answer."""

    code = "store_unavailable"


class ObjectStoreError(CuestreamError):
    """The object store did not answer, or failed."""

    code = "object_store_failed"
    retryable = True


class ObjectStoreDeniedError(ObjectStoreError):
    """The object store refuses the keys, or has no such bucket."""

    code = "object_store_denied"
    retryable = False
