"""The record of an upload: its metadata on disk."""

from __future__ import annotations

import dataclasses
import json
import re
import secrets
from base64 import b64decode
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_ID = re.compile(r"[0-9a-f]{32}")

_EMPTY_TTL_S = 3600.0


@dataclass(frozen=True, slots=True)
class UploadRecord:
    """One upload.

    Attributes:
        id: unguessable; it grants writing, reading and removing the upload.
        length: bytes of the whole upload.
        name: the client's name of the file, for messages only.
        metadata: the client's metadata, as it was sent.
        sha256: of the whole upload, hexadecimal; None until it was computed.
        owner: of whose share it is; see `owner_of`.
    """

    id: str
    length: int
    name: str = ""
    metadata: str = ""
    sha256: str | None = None
    owner: str = ""

    @property
    def media_type(self) -> str:
        """Media type of the file by the client's metadata; empty where that has none.

        Source: Uppy and tus-js-client, whose metadata has it as ``filetype`` in Base64; the
        metadata was decoded when it came.
        """
        pairs = (pair.strip().partition(" ") for pair in self.metadata.split(","))
        value = next((value for key, _, value in pairs if key == "filetype"), "")
        return b64decode(value).decode("utf-8", "replace").strip().lower()


def lifetime_s(ttl_s: float, size: int) -> float:
    """Return how long an upload lives after its last part; one that has not begun lives less."""
    return ttl_s if size else min(ttl_s, _EMPTY_TTL_S)


def new_id() -> str:
    """Return a new unguessable id."""
    return secrets.token_hex(16)


def is_id(text: str) -> bool:
    """Whether a text has the form of an id; anything else must not become part of a path."""
    return _ID.fullmatch(text) is not None


def write_record(path: Path, record: UploadRecord) -> None:
    """Write a record atomically.

    Raises:
        OSError: the disk is full or not writable.
    """
    temporary = path.with_suffix(f".{secrets.token_hex(4)}.tmp")
    try:
        temporary.write_text(json.dumps(dataclasses.asdict(record)), encoding="utf-8")
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def read_record(path: Path) -> UploadRecord | None:
    """Read a record; None where there is no valid one.

    Raises:
        OSError: the disk cannot be read.
    """
    try:
        return UploadRecord(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
