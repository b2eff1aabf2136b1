"""Webhooks on disk, until they are delivered."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from app.domain.errors import JobNotFoundError, StorageError

_ID = re.compile(r"[0-9a-f]{32}")
_MOST_LETTERS = 1000
_MOST_BYTES = 256 * 2**20


@dataclass(slots=True)
class WebhookLetter:
    """A webhook that is to be delivered.

    Attributes:
        id: of the webhook and of its file; the receiver can tell by it what comes twice.
        url: where it goes.
        owner: whose job it is about.
        body: JSON text.
        created: Unix time in seconds.
        attempts: made so far.
        error: what the last attempt met; empty before it.
        given_up: whether it waits for a person.
        headers: that its receiver wants beside the usual ones; they may hold a secret of his.
    """

    id: str
    url: str
    owner: str
    body: str
    created: float
    attempts: int = 0
    error: str = ""
    given_up: bool = False
    headers: dict[str, str] = field(default_factory=dict, repr=False)


class LetterBox:
    """Letters as files of a folder, one each; all methods read or write the disk.

    Args:
        folder: for the files; made when the first one is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, letter: WebhookLetter) -> None:
        """Write a letter.

        Raises:
            StorageError: the disk is full, or holds as many letters as it may.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._path(letter.id)
            if not path.exists():
                self._make_room()
            part = path.with_suffix(".part")
            part.touch(mode=0o600)
            part.write_text(json.dumps(asdict(letter)), encoding="utf-8")
            part.replace(path)
        except OSError:
            raise StorageError("The webhook cannot be stored: the disk is full") from None

    def remove(self, letter_id: str) -> None:
        """Remove a letter; nothing where there is none."""
        self._path(letter_id).unlink(missing_ok=True)

    def read(self, letter_id: str) -> WebhookLetter:
        """Return a letter.

        Raises:
            JobNotFoundError: there is none of that id.
        """
        if _ID.fullmatch(letter_id):
            for letter in self._read(self._path(letter_id)):
                return letter
        raise JobNotFoundError("No such webhook; it may have been delivered")

    def all(self) -> list[WebhookLetter]:
        """Return every letter, the oldest first."""
        letters = [letter for path in self._paths() for letter in self._read(path)]
        return sorted(letters, key=lambda letter: letter.created)

    def _make_room(self) -> None:
        """Remove the oldest letters, given up ones first, beyond the limits."""
        letters = sorted(self._paths(), key=lambda path: path.stat().st_mtime)
        sizes = {path: path.stat().st_size for path in letters}
        while letters and (len(letters) >= _MOST_LETTERS or sum(sizes.values()) > _MOST_BYTES):
            oldest = letters.pop(0)
            del sizes[oldest]
            oldest.unlink(missing_ok=True)

    def _paths(self) -> list[Path]:
        return list(self._folder.glob("*.json")) if self._folder.is_dir() else []

    def _path(self, letter_id: str) -> Path:
        return self._folder / f"{letter_id}.json"

    @staticmethod
    def _read(path: Path) -> Iterator[WebhookLetter]:
        """Yield the letter of a file; none where it is gone or damaged."""
        try:
            yield WebhookLetter(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return


def new_letter(letter_id: str, url: str, owner: str, body: str) -> WebhookLetter:
    """Return a letter that is written now."""
    return WebhookLetter(letter_id, url, owner, body, time.time())
