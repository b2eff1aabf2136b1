"""Opening the store of documents that the settings name."""

from __future__ import annotations

import structlog

from app.services.batch.document_store import DocumentStore
from app.services.batch.picture_storage import PictureStorage
from app.services.batch.postgres_rpc import PostgresRpc
from app.services.batch.postgrest_rpc import PostgrestRpc
from app.services.batch.rpc_client import RpcClient
from app.settings import Settings

log = structlog.get_logger()


def open_document_store(settings: Settings) -> DocumentStore | None:
    """Return the store of documents; None where none is configured. Nothing is connected yet."""
    rpc = _client(settings)
    if rpc is None:
        return None
    return DocumentStore(rpc, settings.batch.worker_lease_s, settings.batch.worker_max_retries)


def _client(settings: Settings) -> RpcClient | None:
    batch, dsn = settings.batch, settings.job_store.database_url
    if batch.supabase_transport != "rest" and dsn is not None:
        return PostgresRpc(dsn.get_secret_value())
    if batch.supabase_transport != "postgres" and batch.supabase_url:
        if batch.supabase_service_key is not None:
            return PostgrestRpc(batch.supabase_url, batch.supabase_service_key.get_secret_value())
        log.warning("SUPABASE_URL is set without SUPABASE_SERVICE_KEY, so there are no batch jobs")
    return None


def open_picture_storage(settings: Settings) -> PictureStorage | None:
    """Return the storage of pictures; None where none is configured."""
    batch = settings.batch
    if not batch.supabase_url or batch.supabase_service_key is None:
        return None
    return PictureStorage(batch.supabase_url, batch.supabase_service_key.get_secret_value())
