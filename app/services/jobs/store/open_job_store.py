"""The store of jobs that the settings name."""

from __future__ import annotations

from pathlib import Path

from app.services.jobs.store.durable_job_store import DurableJobStore
from app.services.jobs.store.job_database import JobDatabase
from app.services.jobs.store.job_store import JobStore
from app.services.jobs.store.kept_uploads import KeptUploads
from app.services.jobs.store.memory_job_store import MemoryJobStore
from app.services.jobs.store.postgres_job_database import PostgresJobDatabase
from app.services.jobs.store.secret_box import SecretBox
from app.services.jobs.store.sqlite_job_database import SqliteJobDatabase
from app.settings import Settings
from app.system.network_volumes import on_network_volume


def open_job_store(settings: Settings) -> JobStore:
    """Return the store of jobs that the settings name; it is opened with the runner.

    Raises:
        StorageError: its folder is not writable, or somebody else's.
    """
    chosen = settings.job_store
    if chosen.store == "memory":
        return MemoryJobStore()
    folder = jobs_folder(settings)
    secret = chosen.jobs_secret
    box = (
        SecretBox.of_folder(folder)
        if secret is None
        else SecretBox.of_password(secret.get_secret_value())
    )
    return DurableJobStore(
        _database(settings, folder), KeptUploads(folder), box, chosen.job_lease_s
    )


def jobs_folder(settings: Settings) -> Path:
    """Return the folder of jobs, whether or not it exists."""
    if settings.job_store.jobs_dir is not None:
        return settings.job_store.jobs_dir.expanduser()
    cache = settings.caches.folder
    if settings.job_store.store == "sqlite" and on_network_volume(cache):
        return settings.caches.local_folder / "jobs"
    return cache / "jobs"


def _database(settings: Settings, folder: Path) -> JobDatabase:
    url = settings.job_store.database_url
    if settings.job_store.store == "sqlite" or url is None:
        return SqliteJobDatabase(folder)
    return PostgresJobDatabase(url.get_secret_value(), settings.job_store)
