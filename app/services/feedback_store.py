"""What viewers think of translations."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.domain.errors import StorageError
from app.system.locks import holding

MAX_ENTRIES = 10_000
_ENTRIES_AFTER_TRIM = 9_000
"""Once full, the file is written anew for every thousandth entry, not for each."""

_TEXT_CHARS = 500
"""How much of each text is kept."""

_LOCK_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Feedback:
    """One opinion.

    Attributes:
        video_id: as the client calls the video.
        segment_index: which cue of it, from 0.
        rating: 1 for good, -1 for bad.
        source_text: what was said, as the viewer saw it.
        translated_text: what it was translated to.
        user_correction: what it should have been.
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
    """How many opinions of each kind are kept."""

    total: int = 0
    positive: int = 0
    negative: int = 0

    @property
    def ratio(self) -> float:
        """Share of the good ones, from 0 to 1; 0 where there are none at all."""
        return round(self.positive / self.total, 4) if self.total else 0.0


class FeedbackStore:
    """A file of JSON lines that any number of workers add to.

    A line is added under a lock by a single write at the file's end. It is taken back if the disk
    fills up in the middle of it; half a line of a worker that was killed is skipped by readers.

    Args:
        folder: where the file is, or will be.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "feedback.jsonl"
        self._lock = folder / "feedback.lock"

    async def add(self, feedback: Feedback) -> None:
        """Keep an opinion, and forget the oldest ones when there are too many.

        Raises:
            StorageError: the disk is full or not writable.
        """
        await asyncio.to_thread(self._add, feedback)

    async def stats(self) -> FeedbackStats:
        """Count what is kept.

        Raises:
            StorageError: the file cannot be read.
        """
        return await asyncio.to_thread(self._stats)

    def _add(self, feedback: Feedback) -> None:
        line = _line(feedback)
        with _storage_errors("Failed to submit feedback"), self._alone():
            lines = self._lines()
            if len(lines) >= MAX_ENTRIES:
                self._write_anew(lines[-_ENTRIES_AFTER_TRIM:])
            _append(self._path, line if not lines or lines[-1].endswith(b"\n") else b"\n" + line)

    def _stats(self) -> FeedbackStats:
        with _storage_errors("Failed to read feedback"):
            ratings = [rating for rating in map(_rating, self._lines()) if rating is not None]
        positive = sum(rating > 0 for rating in ratings)
        return FeedbackStats(len(ratings), positive, len(ratings) - positive)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._lock.parent.mkdir(0o700, parents=True, exist_ok=True)
        with holding(self._lock, _LOCK_PATIENCE_S) as held:
            if not held:
                raise TimeoutError("another worker holds the file")
            yield

    def _lines(self) -> list[bytes]:
        """Return all lines, the oldest first; a torn one may be among them."""
        try:
            return self._path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return []

    def _write_anew(self, lines: list[bytes]) -> None:
        passing = self._path.with_suffix(".new")
        try:
            passing.write_bytes(b"".join(lines))
            passing.chmod(0o600)
            passing.replace(self._path)
        finally:
            passing.unlink(missing_ok=True)


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
        entry[name] = value[:_TEXT_CHARS] if isinstance(value, str) else value
    # Plain ASCII: what splits lines elsewhere, and halves of characters, are escaped.
    return json.dumps(entry).encode() + b"\n"


def _rating(line: bytes) -> int | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    rating = entry.get("rating") if isinstance(entry, dict) else None
    return rating if rating in (1, -1) else None


@contextmanager
def _storage_errors(what: str) -> Iterator[None]:
    """Translate what the disk says.

    Raises:
        StorageError: the disk is full, slow or not writable.
    """
    try:
        yield
    except OSError as error:
        raise StorageError(f"{what}: the disk is full or not writable") from error
