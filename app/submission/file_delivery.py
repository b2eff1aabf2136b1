"""Subtitle files of a result as links to stored files, where a request asks for it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from weakref import WeakKeyDictionary

from app.domain.errors import CuestreamError, InvalidFieldError
from app.domain.events import Notice
from app.domain.json_text import read_json
from app.services.files.result_file import FileLink, NewFile, StoredFile
from app.services.files.result_files import ResultFiles
from app.services.files.s3_config import S3Config
from app.services.jobs.runtime import JobRuntime
from app.services.render.formats import check_format

DEFAULT_FORMATS = ("srt",)
"""Files of a request that wants files stored and names none."""

NOT_STORED = "files_not_stored"

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "access_key": ("accessId", "access_key", "accessKeyId", "access_key_id"),
    "secret_key": ("accessSecret", "secret_key", "secretAccessKey", "secret_access_key"),
    "bucket": ("bucketName", "bucket_name", "bucket"),
    "endpoint_url": ("endpointUrl", "endpoint_url", "endpoint"),
    "region": ("region",),
    "prefix": ("prefix", "path"),
}
"""Names of the parts of a store, the first of each RunPod's. Source: RunPod's ``s3Config``, the
``s3_config`` of media workers."""

_TEXTS = ("formats", "formats_base64")
"""Fields of a result that links replace."""

_REQUIRED = ("access_key", "secret_key", "bucket")
_CONFIG_CHARS = 10_000


def s3_config(value: object) -> S3Config | None:
    """Parse a caller's store: an object, or JSON text of one; None where there is none.

    Raises:
        InvalidFieldError: a part is missing or has another form. No value is in the message.
        UrlBlockedError: the address has another form.
    """
    if isinstance(value, str):
        if len(value) > _CONFIG_CHARS:
            raise InvalidFieldError("s3Config is too long")
        value = _parsed(value) if value.strip() else None
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InvalidFieldError("s3Config must be an object")
    parts = {name: _part(value, names) for name, names in _FIELDS.items()}
    for name in _REQUIRED:
        if not parts[name]:
            raise InvalidFieldError(f"s3Config: {_FIELDS[name][0]} is missing")
    return S3Config.of(**{name: part for name, part in parts.items() if part})


def _parsed(text: str) -> object:
    try:
        return read_json(text)
    except ValueError:
        raise InvalidFieldError("s3Config is no JSON") from None


def _part(value: Mapping[str, object], names: Sequence[str]) -> str | None:
    part = next((value[name] for name in names if value.get(name)), None)
    if part is not None and not isinstance(part, str):
        raise InvalidFieldError(f"s3Config: {names[0]} must be a text")
    return part.strip() if part else None


@dataclass(frozen=True, slots=True)
class FileDelivery:
    """How a caller gets the subtitle files of a result: stored, and as links.

    Attributes:
        files: the store.
        holder: who holds the files' place.
        own: the caller's store; None for the server's.
        base_url: address of the server as the caller knows it; None where it has none.
    """

    files: ResultFiles
    holder: str
    own: S3Config | None
    base_url: str | None

    def check(self) -> None:
        """Check that files could be stored; see `ResultFiles.check`."""
        self.files.check(self.own, self.base_url)

    async def deliver(self, payload: dict[str, Any], job: JobRuntime) -> dict[str, Any]:
        """Put links in place of the texts of a result's files.

        The files of one caller are stored once, however often he reads the result; links are signed
        anew each time. Where a file cannot be stored, the texts stay and a notice says why.

        Args:
            payload: a result's, with ``formats``.
            job: whose result it is; finished.
        """
        texts = payload.get("formats", {})
        try:
            stored = await asyncio.shield(self._stored(job, texts))
            links = [await self.files.link(each, self.own, self.base_url) for each in stored]
        except CuestreamError as error:
            notice = Notice(NOT_STORED, f"Files could not be stored: {error.message}")
            return {**payload, "notices": [*payload.get("notices", ()), asdict(notice)]}
        shown = [file_payload(link, name) for link, name in zip(links, texts, strict=True)]
        rest = {name: value for name, value in payload.items() if name not in _TEXTS}
        return {**rest, "files": shown}

    def _stored(self, job: JobRuntime, texts: Mapping[str, str]) -> asyncio.Task[list[StoredFile]]:
        """Return the task that stores the files; one that failed is started again."""
        tasks = _tasks.setdefault(job, {})
        key = (self.holder, self.own, tuple(texts))
        task = tasks.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = tasks[key] = asyncio.create_task(self._store(job, texts))
        return task

    async def _store(self, job: JobRuntime, texts: Mapping[str, str]) -> list[StoredFile]:
        language = job.request.target.tag if job.request.target else None
        files = []
        for name, text in texts.items():
            kind = check_format(name)
            title = ".".join(part for part in (job.id, language, *kind.name_parts) if part)
            binary = kind.is_binary
            data = base64.b64decode(text) if binary else text.encode("utf-8", "replace")
            file = NewFile(title, data, kind.content_type, self.holder)
            files.append(await self.files.store(file, self.own))
        return files


_Key = tuple[str, S3Config | None, tuple[str, ...]]
_tasks: WeakKeyDictionary[JobRuntime, dict[_Key, asyncio.Task[list[StoredFile]]]] = (
    WeakKeyDictionary()
)
"""Files that were stored, or are being stored, by job and caller; they go with the job."""


def file_payload(link: FileLink, file_format: str | None = None) -> dict[str, Any]:
    """Return a link as the wire has it.

    Args:
        link: to a stored file.
        file_format: name of the subtitle format, where it is one.
    """
    payload: dict[str, Any] = {
        "url": link.url,
        "name": link.file.name,
        "media_type": link.file.media_type,
        "size_bytes": link.file.size_bytes,
        "sha256": link.file.sha256,
        "expires_at": link.expires_at_s,
    }
    return {"format": file_format, **payload} if file_format else payload
