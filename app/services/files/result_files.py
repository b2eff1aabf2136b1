"""The store of result files: the server's own, or a caller's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from app.domain.errors import ObjectStoreError, StorageError, StoreNotConfiguredError
from app.services.files.folder_store import FolderStore
from app.services.files.result_file import FileLink, FileStore, NewFile, StoredFile
from app.services.files.s3_config import S3Config, configured_store
from app.services.files.s3_store import S3Store
from app.services.net.ssrf_guard import SsrfGuard
from app.settings import Settings

log = structlog.get_logger()

_SWEEP_S = 600.0
_OWN_LINK_S = 7 * 24 * 3600
"""Life of links into a caller's own store, where files stay. Source: RunPod's SDK, and the longest
that Signature Version 4 allows."""


class ResultFiles:
    """Stores files and signs links to them.

    Without a store in the settings, files lie in a folder and links lead to this server's
    ``GET /files/{name}``. A caller's own store is reached through the guard against forged
    requests, and nothing in it is ever removed.

    Args:
        settings: of the process.
        folder: for files, where no store on the network is set.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings.files
        self._proxy_url = settings.proxy_url
        self._guard = SsrfGuard(allow_private=settings.sources.allow_private_urls)
        self._sweeper: asyncio.Task[None] | None = None
        config = configured_store(settings.files)
        self.folder = FolderStore(folder, settings.files)
        self._store: FolderStore | S3Store = (
            self.folder if config is None else S3Store(config, settings.files)
        )

    @property
    def is_object_store(self) -> bool:
        """Whether the server's own files lie in an object store."""
        return self._store is not self.folder

    def check(self, own: S3Config | None = None, base_url: str | None = None) -> None:
        """Check that files could be stored and linked, ahead of the work that makes them.

        Args:
            own: a caller's store; None for the server's.
            base_url: address of the server as the client knows it; None where it has none.

        Raises:
            StoreNotConfiguredError: nobody outside could reach what is stored.
            UrlBlockedError: the caller's store has an address that must not be reached.
        """
        if own is not None:
            if own.endpoint_url is not None:
                self._guard.parse(own.endpoint_url)
        elif self._store is self.folder and not (
            base_url or self._proxy_url or self._settings.public_url
        ):
            raise StoreNotConfiguredError(
                "S3 configuration is required but not provided: send s3Config, or set "
                "S3_BUCKET_NAME with its keys, or PUBLIC_URL where clients reach this server"
            )

    async def store(self, file: NewFile, own: S3Config | None = None) -> StoredFile:
        """Store a file.

        Args:
            file: to store.
            own: the caller's store; None for the server's.

        Raises:
            StorageError: there is no room, or the disk failed.
            ObjectStoreError: the store refuses, fails or does not answer.
            UrlBlockedError: the caller's store must not be reached.
        """
        return await self._of(own).put(file)

    async def link(
        self, file: StoredFile, own: S3Config | None = None, base_url: str | None = None
    ) -> FileLink:
        """Sign a fresh link to a stored file; nothing is sent over the network.

        Args:
            file: as it was stored.
            own: the caller's store where it lies there.
            base_url: address of the server as the client knows it.

        Raises:
            StoreNotConfiguredError: nobody outside could reach the file.
        """
        return await self._of(own).link(file, self._proxy_url or base_url)

    async def deliver(
        self, file: NewFile, own: S3Config | None = None, base_url: str | None = None
    ) -> FileLink:
        """Store a file and sign a link to it; see ``check``, ``store`` and ``link``."""
        self.check(own, base_url)
        return await self.link(await self.store(file, own), own, base_url)

    def start(self) -> None:
        """Start to remove expired files, now and at intervals."""
        self._sweeper = asyncio.create_task(self._sweep_repeatedly(), name="file-sweep")

    async def close(self) -> None:
        """Stop removing files."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)

    async def sweep(self) -> int:
        """Remove expired files of the server's store, and those beyond the room.

        Raises:
            StorageError, ObjectStoreError: the store failed.
        """
        return await self._store.sweep()

    def _of(self, own: S3Config | None) -> FileStore:
        if own is None:
            return self._store
        return S3Store(own, self._settings, self._guard, _OWN_LINK_S)

    async def _sweep_repeatedly(self) -> None:
        while True:
            try:
                if removed := await self.sweep():
                    log.info("stored files removed", count=removed)
            except (StorageError, ObjectStoreError) as error:
                log.warning("stored files cannot be swept", reason=error.code)
            await asyncio.sleep(min(_SWEEP_S, self._settings.files_ttl_hours * 3600))
