"""A store of viewers' feedback on translations."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.domain.errors import StorageError
from app.system.locks import file_lock
from app.system.thread_groups import DISK

MAX_ENTRIES = 10_000
_ENTRIES_AFTER_TRIM = 9_000
"""A full file is trimmed below its limit, so it is rewritten once in a thousand entries."""

_MAX_TEXT_CHARS = 500
"""Longer texts are cut."""

_LOCK_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Feedback:
    """A viewer's rating of one translated cue.

    Attributes:
        video_id: the client's id of the video.
        segment_index: index of the cue, from 0.
        rating: 1 for good, -1 for bad.
        source_text: the transcribed text, as the viewer saw it.
        translated_text: its translation.
        user_correction: the translation that the viewer suggests.
        target_lang: BCP 47 tag.
    """

    video_id: str
    segment_index: int
    rating: int
    source_text: str = ""
    translated_text: str = ""
    user_correction: str = ""
    target_lang: str = ""


@dataclass(frozen=True, slots=True)
class FeedbackStats:
    """Number of stored ratings of each kind."""

    total: int = 0
    positive: int = 0
    negative: int = 0

    @property
    def ratio(self) -> float:
        """Share of the good ones, 0 to 1; 0 without ratings."""
        return round(self.positive / self.total, 4) if self.total else 0.0


class FeedbackStore:
    """A file of JSON lines that any number of workers add to.

    A line is appended under a lock by a single write, and truncated again if the disk fills up in
    the middle of it; readers skip a partial line of a worker that was killed.

    Args:
        folder: of the file; created with the first entry.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "feedback.jsonl"
        self._lock = folder / "feedback.lock"

    async def add(self, feedback: Feedback) -> None:
        """Store a rating, and drop the oldest ones beyond `MAX_ENTRIES`.

        Raises:
            StorageError: the disk is full or not writable.
        """
        await DISK.run(self._add, feedback)

    async def stats(self) -> FeedbackStats:
        """Count the stored ratings.

        Raises:
            StorageError: the file cannot be read.
        """
        return await DISK.run(self._stats)

    def _add(self, feedback: Feedback) -> None:
        line = _line(feedback)
        with _feedback_storage_errors("Failed to submit feedback"), self._locked():
            lines = self._lines()
            if len(lines) >= MAX_ENTRIES:
                self._rewrite(lines[-_ENTRIES_AFTER_TRIM:])
            _append(self._path, line if not lines or lines[-1].endswith(b"\n") else b"\n" + line)

    def _stats(self) -> FeedbackStats:
        with _feedback_storage_errors("Failed to read feedback"):
            ratings = [rating for rating in map(_rating, self._lines()) if rating is not None]
        positive = sum(rating > 0 for rating in ratings)
        return FeedbackStats(len(ratings), positive, len(ratings) - positive)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._lock.parent.mkdir(0o700, parents=True, exist_ok=True)
        with file_lock(self._lock, _LOCK_TIMEOUT_S) as locked:
            if not locked:
                raise TimeoutError("another worker holds the file")
            yield

    def _lines(self) -> list[bytes]:
        """Return all lines, the oldest first; a partial one may be among them."""
        try:
            return self._path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return []

    def _rewrite(self, lines: list[bytes]) -> None:
        temporary = self._path.with_suffix(".new")
        try:
            temporary.write_bytes(b"".join(lines))
            temporary.chmod(0o600)
            temporary.replace(self._path)
        finally:
            temporary.unlink(missing_ok=True)


def _append(path: Path, line: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(handle).st_size
        if os.write(handle, line) < len(line):
            os.ftruncate(handle, size)
            raise OSError("the disk took half a line")
    finally:
        os.close(handle)


def _line(feedback: Feedback) -> bytes:
    entry: dict[str, object] = {"time": datetime.now(UTC).isoformat(timespec="seconds")}
    for name, value in asdict(feedback).items():
        entry[name] = value[:_MAX_TEXT_CHARS] if isinstance(value, str) else value
    # Plain ASCII: other line separators and lone surrogates are escaped.
    return json.dumps(entry).encode() + b"\n"


def _rating(line: bytes) -> int | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    rating = entry.get("rating") if isinstance(entry, dict) else None
    return rating if rating in (1, -1) else None


@contextmanager
def _feedback_storage_errors(what: str) -> Iterator[None]:
    """Translate errors of the disk.

    Raises:
        StorageError: the disk is full, slow or not writable.
    """
    try:
        yield
    except OSError as error:
        raise StorageError(f"{what}: the disk is full or not writable") from error
