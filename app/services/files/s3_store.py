"""Store of result files in an S3-compatible object store."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import structlog
from obstore import delete_async, put_async, sign_async
from obstore import list as list_objects
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store as S3Client

from app.domain.errors import ObjectStoreDeniedError, ObjectStoreError
from app.services.files.file_eviction import StoredEntry, files_to_remove
from app.services.files.folder_store import file_bounds
from app.services.files.result_file import FileLink, NewFile, StoredFile, safe_name
from app.services.files.s3_config import S3Config
from app.services.files.signed_links import LinkSigner
from app.services.net.egress_proxy import EgressProxy
from app.services.net.ssrf_guard import SsrfGuard
from app.settings import FileSettings
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import S3Credential

log = structlog.get_logger()

_PART_BYTES = 8 * 2**20
"""Length of a part; S3 takes 10,000 of them, and at least 5 MiB each. Source: Amazon S3 multipart
upload limits."""
_PARTS_AT_A_TIME = 4
_RANDOM_BYTES = 12
_RETRIES = 3
_LISTED = 1000
_DENIED = frozenset(
    {
        "AccessDenied", "AllAccessDisabled", "AccountProblem", "InvalidAccessKeyId",
        "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "NoSuchBucket",
        "InvalidBucketName", "PermanentRedirect", "AuthorizationHeaderMalformed",
    }
)  # fmt: skip
"""Codes of answers that asking again does not change. Source: Amazon S3 error responses."""
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_ANSWER_CHARS = 10_000


class S3Store:
    """Stores files under keys that nobody can guess, unless the store's owner names their place.

    Args:
        config: the store and its keys.
        settings: life of links, room, age, time limits.
        guard: checks every address that is connected to, where a caller named the store; None for
            a store of the settings, which may be anywhere.
        link_ttl_s: life of links in seconds.
    """

    def __init__(
        self,
        config: S3Config,
        settings: FileSettings,
        guard: SsrfGuard | None = None,
        link_ttl_s: float | None = None,
    ) -> None:
        self._config = config
        self._settings = settings
        self._guard = guard
        self._link_ttl_s = settings.file_link_ttl_s if link_ttl_s is None else link_ttl_s

    async def put(self, file: NewFile) -> StoredFile:
        """See the protocol."""
        size, digest = await DISK.run(_measure, file.content)
        name = safe_name(file.name)
        stored = StoredFile(name, self._key(file, name), file.media_type, size, digest)
        async with self._connected() as client:
            await put_async(
                client,
                stored.key,
                file.content,
                attributes={
                    "Content-Type": file.media_type,
                    "Content-Disposition": content_disposition(name),
                },
                chunk_size=_PART_BYTES,
                max_concurrency=_PARTS_AT_A_TIME,
            )
        return stored

    async def link(self, file: StoredFile, base_url: str | None = None) -> FileLink:
        """See the protocol."""
        expires_s = int(time.time() + self._link_ttl_s)
        with self._errors():
            life = timedelta(seconds=int(self._link_ttl_s))
            url = await sign_async(self._client(None), "GET", file.key, life)
        return FileLink(url, expires_s, file)

    async def sweep(self) -> int:
        """Remove expired files, and those beyond the room; return their number.

        Raises:
            ObjectStoreError: the store refuses, fails or does not answer.
        """
        async with self._connected() as client:
            entries = [
                entry
                async for batch in list_objects(
                    client, self._config.prefix or None, chunk_size=_LISTED
                )
                for entry in map(self._entry, batch)
            ]
            removed = files_to_remove(entries, file_bounds(self._settings), time.time())
            if removed:
                await delete_async(client, [entry.key for entry in removed])
        return len(removed)

    def _entry(self, found: ObjectMeta) -> StoredEntry:
        owner = found["path"].removeprefix(self._config.prefix.strip("/")).strip("/").partition("/")
        stored_s = found["last_modified"].timestamp()
        return StoredEntry(found["path"], owner[0], found["size"], stored_s)

    def _key(self, file: NewFile, name: str) -> str:
        """Return where a file goes: a caller's own store has no owners.

        In the server's store a place that a caller names lies in a folder of his own, so that none
        writes over another's files.
        """
        if file.place is not None and self._guard is not None:
            return named_place(file.place)
        prefix = "/".join(safe_name(part) for part in self._config.prefix.split("/") if part)
        if self._guard is not None:
            place = [prefix] if prefix else [secrets.token_hex(_RANDOM_BYTES)]
        else:
            owner = self._owner(file.holder)
            if file.place is not None:
                return "/".join([*filter(None, [prefix, owner]), named_place(file.place)])
            place = [prefix, owner, secrets.token_hex(_RANDOM_BYTES)]
        return "/".join([*filter(None, place), name])

    def _owner(self, holder: str) -> str:
        return LinkSigner(self._config.secret_key.get_secret_value().encode()).owner(holder)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[S3Client]:
        """Yield a client; one for a caller's store connects to checked addresses alone.

        Raises:
            UrlBlockedError: the store's address must not be reached.
            ObjectStoreError: the store refuses, fails or does not answer.
        """
        if self._guard is None:
            with self._errors():
                yield self._client(None)
            return
        if self._config.endpoint_url is not None:
            self._guard.parse(self._config.endpoint_url)
        async with EgressProxy(self._guard, self._settings.s3_timeout_s).serving() as proxy:
            with self._errors(proxy):
                yield self._client(proxy.url)

    def _client(self, proxy_url: str | None) -> S3Client:
        """Return a client that takes nothing from the environment: not its keys, not its places."""
        config = self._config
        limit = timedelta(seconds=self._settings.s3_timeout_s)
        region = config.signing_region
        endpoint = config.endpoint_url or f"https://s3.{region}.amazonaws.com"
        return S3Client(
            config.bucket,
            aws_endpoint_url_s3=endpoint,
            region=region,
            virtual_hosted_style_request=config.names_bucket_in_host,
            credential_provider=self._credentials,
            client_options={
                "allow_http": True,
                "timeout": limit,
                "connect_timeout": limit,
                **({"proxy_url": proxy_url} if proxy_url else {}),
            },
            retry_config={
                "max_retries": _RETRIES,
                "retry_timeout": limit,
                "backoff": {"max_backoff": timedelta(seconds=2)},
            },
        )

    def _credentials(self) -> S3Credential:
        return {
            "access_key_id": self._config.access_key.get_secret_value(),
            "secret_access_key": self._config.secret_key.get_secret_value(),
            "token": None,
            "expires_at": None,
        }

    @contextmanager
    def _errors(self, proxy: EgressProxy | None = None) -> Iterator[None]:
        """Translate errors of the library; its texts may hold keys and addresses, so none passes.

        Raises:
            UrlBlockedError: the proxy refused the store's address.
            ObjectStoreError: the store refuses, fails or does not answer.
        """
        try:
            yield
        except (BaseError, FileNotFoundError, ValueError) as error:
            if proxy is not None and proxy.blocked is not None:
                raise proxy.blocked from None
            raise _store_error(error) from None


def _store_error(error: Exception) -> ObjectStoreError:
    found = _CODE.search(str(error)[:_ANSWER_CHARS])
    code = found[1] if found else ""
    log.warning("object store failed", error=type(error).__name__, code=code)
    shown = f" ({code})" if code else ""
    denied = isinstance(error, PermissionDeniedError | UnauthenticatedError | FileNotFoundError)
    if denied or code in _DENIED:
        return ObjectStoreDeniedError(f"The object store refuses the keys or the bucket{shown}")
    if isinstance(error, ValueError):
        return ObjectStoreDeniedError("The object store's settings are not valid")
    return ObjectStoreError(f"The object store failed or did not answer{shown}")


def named_place(place: str) -> str:
    """Return a key that a caller names, each of its parts as `safe_name` writes it."""
    return "/".join(safe_name(part) for part in place.split("/") if part)


def content_disposition(name: str) -> str:
    """Return the header that makes a browser save a file under its name. Source: RFC 6266."""
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


def _measure(content: bytes | Path) -> tuple[int, str]:
    """Return the length of a content in bytes and its SHA-256."""
    with storage_errors():
        if isinstance(content, bytes):
            return len(content), hashlib.sha256(content).hexdigest()
        with content.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return file.tell(), digest
