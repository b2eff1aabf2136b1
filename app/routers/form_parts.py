"""Sinks for the parts of a form: a text field in memory, a file on disk."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from app.domain.errors import InvalidFieldError, NamedFieldError
from app.domain.language import Language
from app.domain.request import UploadedFile
from app.services.captions.bounded_decoding import decode_bounded
from app.services.captions.decoded_file import DecodedFile
from app.services.captions.encoding import decode_text
from app.services.media.pcm_formats import MAGIC_BYTES, has_container, head_of_bare_sound
from app.services.uploads.upload_room import UploadRoom

MAX_FIELD_BYTES = 100_000


class UploadSink:
    """A file, written to disk and hashed as it arrives.

    One whose media type says that it is samples without a header gets the header of WAV, unless its
    bytes begin a container after all.

    Args:
        path: to write to.
        room: for the bytes of uploads, which an upload uses until `give_room_back`.
        owner: whose share of the room it uses.

    Attributes:
        seen: whether the part arrives at all.
        complete: whether all of it has arrived.
    """

    repeats = False
    kept_bytes = 0

    def __init__(self, path: Path, room: UploadRoom, owner: str) -> None:
        self._path = path
        self._room = room
        self._owner = owner
        self._size = 0
        self._file = path.open("wb")
        self._digest = hashlib.sha256()
        self._name = self._media_type = ""
        self._missing_head: bytes | None = None
        self._begin = b""
        self._has_name = False
        self.seen = False
        self.complete = False

    def begin(self, file_name: str | None, media_type: str) -> None:
        """Note the file's name and media type.

        Raises:
            InvalidFieldError: the type's parameters say what cannot be.
        """
        self._has_name = file_name is not None
        self._missing_head = head_of_bare_sound(media_type)
        self.seen = True
        self._name = file_name or ""
        self._media_type = media_type

    def write(self, data: bytes) -> None:
        """Append bytes to the file.

        Raises:
            CuestreamError: its owner's share of the room, or all of it, is used up.
            OSError: the disk is full.
        """
        if self._missing_head is not None:
            self._begin += data
            if len(self._begin) < MAGIC_BYTES:
                return
            data = self._with_head()
        self._store(data)

    def _with_head(self) -> bytes:
        head, self._missing_head = self._missing_head or b"", None
        return self._begin if has_container(self._begin) else head + self._begin

    def _store(self, data: bytes) -> None:
        self._room.pass_through(self._owner, len(data))
        self._size += len(data)
        self._digest.update(data)
        self._file.write(data)

    def finish(self) -> None:
        """Close the file, which is complete."""
        if self._missing_head is not None and self._begin:
            self._store(self._with_head())
        self._file.close()
        self.complete = True

    @property
    def is_sent(self) -> bool:
        """Whether there is a file: some clients send one without a name, forms a field without one.

        A part without a file name that is empty is no file.
        """
        return self._has_name or self._size > 0

    def give_room_back(self) -> None:
        """Free the room that its bytes used on their way."""
        self._room.passed(self._owner, self._size)

    def discard(self) -> None:
        """Remove the file."""
        self._file.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def upload(self) -> UploadedFile:
        """Return the file as a source of a request."""
        return UploadedFile(self._path, self._digest.hexdigest(), self._name, self._media_type)


class TextField:
    """A text field, with a limit for all its values together.

    Args:
        max_bytes: the limit.
        repeats: whether it may come several times.
        name: that errors call it by; empty where a form has no other.
    """

    def __init__(
        self, max_bytes: int = MAX_FIELD_BYTES, *, repeats: bool = False, name: str = ""
    ) -> None:
        self._free_bytes = max_bytes
        self._limit, self._name = f"{max_bytes:,} bytes of text at most", name
        self._values: list[bytearray] = []
        self.repeats = repeats
        self.kept_bytes = 0

    def begin(self, file_name: str | None, media_type: str) -> None:
        """Begin a value."""
        del file_name, media_type
        self._values.append(bytearray())

    def write(self, data: bytes) -> None:
        """Take bytes of it.

        Raises:
            InvalidFieldError: it is too long.
        """
        self._free_bytes -= len(data)
        if self._free_bytes < 0 and self._name:
            raise NamedFieldError(self._name, self._limit)
        if self._free_bytes < 0:
            raise InvalidFieldError(f"A form field is too long: {self._limit}")
        self._values[-1] += data
        self.kept_bytes += len(data)

    def finish(self) -> None:
        """Do nothing: the next value begins with `begin`."""

    @property
    def texts(self) -> list[str]:
        """The values that are not empty, in order."""
        return [decode_text(bytes(value)) for value in self._values if value]

    @property
    def value(self) -> str | list[str]:
        """The text; several where there are several."""
        return self.texts if len(self.texts) > 1 else "".join(self.texts)

    async def read_as_file(self, language: Language | None) -> DecodedFile:
        """Return the text of a field that was sent as a file, which may be in any encoding."""
        return await decode_bounded(b"".join(self._values), language)
