"""A result file: what is stored, and the link to it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_NAME_CHARS = 120
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|%#&{}^`\[\]~+;,@=$]')
"""What a path, an address or a file system gives a meaning of its own. Source: S3's characters to
avoid in object keys, RFC 3986 section 2.2, the names that Windows refuses."""
_SPACES = re.compile(r"\s+")
_DEFAULT_NAME = "result"


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to store.

    Attributes:
        name: for the client who downloads it; any text, see `safe_name`.
        content: its bytes, or the path of a file, which stays where it is.
        media_type: with its parameters.
        holder: who holds its place, as `JobRequest.holder`; no secret.
        place: key in an object store that its caller names, folders and all; None for one that
            nobody can guess. A store in a folder has none.
    """

    name: str
    content: bytes | Path
    media_type: str
    holder: str = ""
    place: str | None = None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a store; it may be written down, as it has no secret.

    Attributes:
        name: for the client who downloads it.
        key: in its store.
        media_type: with its parameters.
        size_bytes: its length.
        sha256: of its bytes, hexadecimal.
    """

    name: str
    key: str
    media_type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class FileLink:
    """A signed link to a stored file.

    Attributes:
        url: absolute; whoever has it may download the file until it expires.
        expires_at_s: seconds since the epoch.
        file: what it leads to.
    """

    url: str
    expires_at_s: int
    file: StoredFile


class FileStore(Protocol):
    """A place for files."""

    async def put(self, file: NewFile) -> StoredFile:
        """Store a file under a key of its own.

        Raises:
            StorageError: there is no room, or the store failed.
            ObjectStoreError: a store on the network refuses, fails or does not answer.
        """
        ...

    async def link(self, file: StoredFile, base_url: str | None = None) -> FileLink:
        """Sign a link to a stored file.

        Args:
            file: of this store; whether it is still there is not looked up.
            base_url: address of the server as the client knows it; a store on the network has an
                address of its own.

        Raises:
            StoreNotConfiguredError: the store is a folder, and no address of the server is known.
        """
        ...


def safe_name(name: str) -> str:
    """Return a file name that is one for every file system, address and object store.

    Letters of all scripts stay. An empty name, and one of dots alone, becomes ``result``. The
    ending of a name that is too long stays.

    Source: Unicode Standard Annex 15 for NFC, in which equal names have equal bytes.
    """
    text = unicodedata.normalize("NFC", name[: 4 * _NAME_CHARS])
    plain = "".join("_" if unicodedata.category(each) in ("Cs", "Cf") else each for each in text)
    plain = _SPACES.sub(" ", _FORBIDDEN.sub("_", plain)).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if not dot or not stem or len(ending) > _NAME_CHARS // 4:
        return plain[:_NAME_CHARS].strip(" .") or _DEFAULT_NAME
    return f"{stem[: _NAME_CHARS - len(ending) - 1].strip(' .') or _DEFAULT_NAME}.{ending}"
