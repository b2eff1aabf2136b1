"""What is known of an upload besides its bytes, and how that lies on disk."""

from __future__ import annotations

import dataclasses
import json
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class UploadRecord:
    """One upload.

    Attributes:
        id: unguessable; whoever knows it may write, read and remove the upload.
        length: bytes that the whole has.
        name: the caller's name for the file, for messages only.
        metadata: what the caller said of it, as it was sent.
        sha256: of the whole, hexadecimal; None until somebody has needed it.
    """

    id: str
    length: int
    name: str = ""
    metadata: str = ""
    sha256: str | None = None


def new_id() -> str:
    """Return an id that nobody can guess."""
    return secrets.token_hex(16)


def is_id(text: str) -> bool:
    """Whether a text can be an id; anything else must not become part of a path."""
    return _ID.fullmatch(text) is not None


def write_record(path: Path, record: UploadRecord) -> None:
    """Write a record whole or not at all.

    Raises:
        OSError: the disk is full or not writable.
    """
    draft = path.with_suffix(f".{secrets.token_hex(4)}.tmp")
    try:
        draft.write_text(json.dumps(dataclasses.asdict(record)), encoding="utf-8")
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def read_record(path: Path) -> UploadRecord | None:
    """Read a record; None where there is none that can be read.

    Raises:
        OSError: the disk cannot be read.
    """
    try:
        return UploadRecord(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
