"""The upload of a film: a form whose sound may be headerless, written to disk as it comes."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from contextlib import suppress
from pathlib import Path

from fastapi import Request

from app.container import Services
from app.domain.errors import BadRequestError, CuestreamError, InternalError, JobCancelledError
from app.routers.edge.request_body import body_of, is_multipart
from app.routers.form_reader import parse_form
from app.services.media.pcm_formats import MAGIC_BYTES, has_container, wav_head
from app.services.uploads.arriving_files import ArrivingUpload
from app.services.uploads.upload_room import UploadRoom, owner_of
from app.system.thread_groups import DISK

_PART = "audio_file"


class _FilmSink:
    """Writes the part to disk and hashes it; takes room, and reports every block."""

    repeats = False
    kept_bytes = 0

    def __init__(self, film: FilmUpload, room: UploadRoom, owner: str) -> None:
        self._film = film
        self._room, self._owner = room, owner
        self._file = film.upload.path.open("wb", buffering=0)
        self._digest = hashlib.sha256()
        self._head: bytes | None = b""
        self._size = self._taken = 0
        self.name = ""
        self.complete = False

    def begin(self, file_name: str | None, media_type: str) -> None:
        self.name = file_name or ""

    def write(self, data: bytes) -> None:
        if self._head is not None:
            self._head += data
            if len(self._head) < MAGIC_BYTES:
                return
            data = self._take_head()
        self._store(data)

    def finish(self) -> None:
        if self._head:
            self._store(self._take_head())
        self._file.close()
        self.complete = True

    def close(self) -> None:
        self._file.close()

    def give_room_back(self) -> None:
        self._room.passed(self._owner, self._taken)
        self._taken = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def _take_head(self) -> bytes:
        head, self._head = self._head or b"", None
        bare = self._film.is_headerless and not has_container(head)
        self._film.is_headerless = bare
        if not bare:
            self._film.kept_bytes = sys.maxsize  # the route's limit holds
        return wav_head() + head if bare else head

    def _store(self, data: bytes) -> None:
        data = data[: self._film.kept_bytes - self._size]
        if not data:
            return  # the rest is of no use, and only drained
        self._room.pass_through(self._owner, len(data))
        self._taken += len(data)
        self._digest.update(data)
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]
        self._size += len(data)
        self._film.upload.grow(self._size)


class FilmUpload:
    """One film on its way here; `close` removes what was written.

    Args:
        request: with the form.
        services: of the process.
        is_headerless: whether the client says that the part is bare samples.
        kept_bytes: bytes of it that are stored; the rest is drained. For a file with a container
            that is all of it, since its index may come last.

    Attributes:
        upload: what a job may read meanwhile.
        is_headerless: as given, and false once the part turned out to begin with a container.
        kept_bytes: as given.
    """

    def __init__(
        self, request: Request, services: Services, *, is_headerless: bool, kept_bytes: int
    ) -> None:
        declared = request.headers.get("content-length", "")
        length = int(declared) if declared.isdecimal() and len(declared) < 16 else None
        path = services.workdir.new_file(".wav" if is_headerless else ".upload")
        self.upload = ArrivingUpload(path, length)
        self.is_headerless = is_headerless
        self.kept_bytes = kept_bytes
        self._request = request
        self._services = services
        self._sink: _FilmSink | None = None

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.upload.path

    async def receive(self) -> str:
        """Receive all of it and return the client's name of the file.

        Raises:
            BadRequestError: it is no form with that part, or it is cut off or empty.
            StorageError: there is no room.
            CuestreamError: the body is too large, too slow, or its client left.
        """
        if not is_multipart(self._request):
            raise self._failed(BadRequestError(f"Send a multipart form with a part {_PART}"))
        owner = owner_of(body_of(self._request).caller)
        sink = self._sink = _FilmSink(self, self._services.uploads.room, owner)
        try:
            await parse_form(self._request, {_PART: sink})
        except CuestreamError as error:
            raise self._failed(error) from None
        except asyncio.CancelledError:
            self.upload.fail(JobCancelledError("The client left during the upload"))
            raise
        except Exception:
            # Whatever it was: jobs that read the upload meanwhile are not to wait for its rest.
            self.upload.fail(InternalError("Internal server error"))
            raise
        finally:
            sink.close()
        if not sink.complete:
            raise self._failed(BadRequestError(f"The form has no whole part {_PART}"))
        self.upload.complete(sink.sha256)
        return sink.name

    async def close(self) -> None:
        """Remove the file and give back its room, which a film that waits takes as well.

        A job that reads the file goes on. Whoever is cancelled meanwhile leaves nothing behind.
        """
        await asyncio.shield(self._remove())

    async def _remove(self) -> None:
        try:
            with suppress(OSError):
                await DISK.run(self.path.unlink, missing_ok=True)
        finally:
            if self._sink is not None:
                self._sink.give_room_back()

    def _failed(self, error: CuestreamError) -> CuestreamError:
        self.upload.fail(error)
        return error
