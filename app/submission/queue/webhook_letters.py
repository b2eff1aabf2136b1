"""Webhooks on disk, until they are delivered."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from app.domain.errors import JobNotFoundError, StorageError

_ID = re.compile(r"[0-9a-f]{32}")
_MOST_LETTERS = 1000
_MOST_BYTES = 256 * 2**20
_UNKNOWN = "No such webhook; it may have been delivered"


@dataclass(slots=True)
class WebhookLetter:
    """A webhook that is to be delivered.

    Attributes:
        id: of the webhook and of its file; the receiver can tell by it what comes twice.
        url: where it goes.
        owner: whose job it is about.
        body: JSON text; empty where it is on disk alone.
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

    A file has a line of JSON about the letter, and below it the body, which may have megabytes and
    is read when it is sent. Earlier versions wrote one line that holds the body too.

    Args:
        folder: for the files; made when the first one is written.
        most_letters: that are kept.
        most_bytes: that they have together, about.
    """

    def __init__(
        self, folder: Path, most_letters: int = _MOST_LETTERS, most_bytes: int = _MOST_BYTES
    ) -> None:
        self._folder, self._most_letters, self._most_bytes = folder, most_letters, most_bytes

    def add(self, letter: WebhookLetter) -> None:
        """Write a new letter.

        Raises:
            StorageError: the disk is full.
        """
        with _storage_errors():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room()
            self._write(letter, letter.body)

    def update(self, letter: WebhookLetter) -> None:
        """Write what is new of a letter; nothing where it was removed meanwhile.

        Raises:
            StorageError: the disk is full.
        """
        with _storage_errors():
            try:
                body = self.body(letter.id)
            except JobNotFoundError:
                return
            self._write(letter, body)

    def remove(self, letter_id: str) -> None:
        """Remove a letter; nothing where there is none."""
        self._path(letter_id).unlink(missing_ok=True)

    def read(self, letter_id: str) -> WebhookLetter:
        """Return a letter without its body.

        Raises:
            JobNotFoundError: there is none of that id.
        """
        if _ID.fullmatch(letter_id):
            for letter in self._read(self._path(letter_id)):
                return letter
        raise JobNotFoundError(_UNKNOWN)

    def body(self, letter_id: str) -> str:
        """Return the body of a letter.

        Raises:
            JobNotFoundError: there is none of that id.
        """
        try:
            about, _, body = self._path(letter_id).read_text(encoding="utf-8").partition("\n")
            return body or str(json.loads(about)["body"])
        except (OSError, ValueError, KeyError):
            raise JobNotFoundError(_UNKNOWN) from None

    def all(self) -> list[WebhookLetter]:
        """Return every letter without its body, the oldest first."""
        letters = [letter for path in self._paths() for letter in self._read(path)]
        return sorted(letters, key=lambda letter: letter.created)

    def _make_room(self) -> None:
        """Remove letters beyond the limits: of whoever has most, given up ones and oldest first."""
        sizes = {path.stem: path.stat().st_size for path in self._paths()}
        if len(sizes) < self._most_letters and sum(sizes.values()) <= self._most_bytes:
            return
        letters = [letter for letter in self.all() if letter.id in sizes]
        letters.sort(key=lambda letter: not letter.given_up)
        counts, weights = Counter[str](), Counter[str]()
        for letter in letters:
            counts[letter.owner] += 1
            weights[letter.owner] += sizes[letter.id]
        while letters:
            are_many = counts.total() >= self._most_letters
            if not are_many and weights.total() <= self._most_bytes:
                break
            ((owner, _),) = (counts if are_many else weights).most_common(1)
            gone = next(letter for letter in letters if letter.owner == owner)
            letters.remove(gone)
            counts[owner] -= 1
            weights[owner] -= sizes[gone.id]
            self.remove(gone.id)

    def _write(self, letter: WebhookLetter, body: str) -> None:
        path = self._path(letter.id)
        part = path.with_suffix(".part")
        part.touch(mode=0o600)
        about = {name: value for name, value in asdict(letter).items() if name != "body"}
        part.write_text(f"{json.dumps(about)}\n{body}", encoding="utf-8")
        part.replace(path)

    def _paths(self) -> list[Path]:
        return list(self._folder.glob("*.json")) if self._folder.is_dir() else []

    def _path(self, letter_id: str) -> Path:
        return self._folder / f"{letter_id}.json"

    @staticmethod
    def _read(path: Path) -> Iterator[WebhookLetter]:
        """Yield the letter of a file; none where it is gone or damaged."""
        try:
            with path.open(encoding="utf-8") as file:
                about = json.loads(file.readline())
            yield WebhookLetter(**{**about, "body": ""})
        except (OSError, ValueError, TypeError):
            return


@contextmanager
def _storage_errors() -> Iterator[None]:
    try:
        yield
    except OSError:
        raise StorageError("The webhook cannot be stored: the disk is full") from None


def new_letter(letter_id: str, url: str, owner: str, body: str) -> WebhookLetter:
    """Return a letter that is written now."""
    return WebhookLetter(letter_id, url, owner, body, time.time())
