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
_MOST_DELIVERIES = 1000
_MOST_BYTES = 256 * 2**20
_UNKNOWN = "No such webhook; it may have been delivered"


@dataclass(slots=True)
class WebhookDelivery:
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


class DeliveryFolder:
    """Deliveries as files of a folder, one each; all methods read or write the disk.

    A file has a line of JSON about the delivery, and below it the body, which may have megabytes
    and is read when it is sent. Earlier versions wrote one line that holds the body too.

    Args:
        folder: for the files; made when the first one is written.
        most_deliveries: that are kept.
        most_bytes: that they have together, about.
    """

    def __init__(
        self, folder: Path, most_deliveries: int = _MOST_DELIVERIES, most_bytes: int = _MOST_BYTES
    ) -> None:
        self._folder, self._most_deliveries, self._most_bytes = folder, most_deliveries, most_bytes

    def add(self, delivery: WebhookDelivery) -> None:
        """Write a new delivery.

        Raises:
            StorageError: the disk is full.
        """
        with _storage_errors():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room()
            self._write(delivery, delivery.body)

    def update(self, delivery: WebhookDelivery) -> None:
        """Write what is new of a delivery; nothing where it was removed meanwhile.

        Raises:
            StorageError: the disk is full.
        """
        with _storage_errors():
            try:
                body = self.body(delivery.id)
            except JobNotFoundError:
                return
            self._write(delivery, body)

    def remove(self, delivery_id: str) -> None:
        """Remove a delivery; nothing where there is none."""
        self._path(delivery_id).unlink(missing_ok=True)

    def read(self, delivery_id: str) -> WebhookDelivery:
        """Return a delivery without its body.

        Raises:
            JobNotFoundError: there is none of that id.
        """
        if _ID.fullmatch(delivery_id):
            for delivery in self._read(self._path(delivery_id)):
                return delivery
        raise JobNotFoundError(_UNKNOWN)

    def body(self, delivery_id: str) -> str:
        """Return the body of a delivery.

        Raises:
            JobNotFoundError: there is none of that id.
        """
        try:
            about, _, body = self._path(delivery_id).read_text(encoding="utf-8").partition("\n")
            return body or str(json.loads(about)["body"])
        except (OSError, ValueError, KeyError):
            raise JobNotFoundError(_UNKNOWN) from None

    def all(self) -> list[WebhookDelivery]:
        """Return every delivery without its body, the oldest first."""
        deliveries = [delivery for path in self._paths() for delivery in self._read(path)]
        return sorted(deliveries, key=lambda delivery: delivery.created)

    def _make_room(self) -> None:
        """Remove what is beyond the limits: of whoever has most, given up ones and oldest first."""
        sizes = {path.stem: path.stat().st_size for path in self._paths()}
        if len(sizes) < self._most_deliveries and sum(sizes.values()) <= self._most_bytes:
            return
        deliveries = [delivery for delivery in self.all() if delivery.id in sizes]
        deliveries.sort(key=lambda delivery: not delivery.given_up)
        counts, weights = Counter[str](), Counter[str]()
        for delivery in deliveries:
            counts[delivery.owner] += 1
            weights[delivery.owner] += sizes[delivery.id]
        while deliveries:
            are_many = counts.total() >= self._most_deliveries
            if not are_many and weights.total() <= self._most_bytes:
                break
            ((owner, _),) = (counts if are_many else weights).most_common(1)
            gone = next(delivery for delivery in deliveries if delivery.owner == owner)
            deliveries.remove(gone)
            counts[owner] -= 1
            weights[owner] -= sizes[gone.id]
            self.remove(gone.id)

    def _write(self, delivery: WebhookDelivery, body: str) -> None:
        path = self._path(delivery.id)
        part = path.with_suffix(".part")
        part.touch(mode=0o600)
        about = {name: value for name, value in asdict(delivery).items() if name != "body"}
        part.write_text(f"{json.dumps(about)}\n{body}", encoding="utf-8")
        part.replace(path)

    def _paths(self) -> list[Path]:
        return list(self._folder.glob("*.json")) if self._folder.is_dir() else []

    def _path(self, delivery_id: str) -> Path:
        return self._folder / f"{delivery_id}.json"

    @staticmethod
    def _read(path: Path) -> Iterator[WebhookDelivery]:
        """Yield the delivery of a file; none where it is gone or damaged."""
        try:
            with path.open(encoding="utf-8") as file:
                about = json.loads(file.readline())
            yield WebhookDelivery(**{**about, "body": ""})
        except (OSError, ValueError, TypeError):
            return


@contextmanager
def _storage_errors() -> Iterator[None]:
    try:
        yield
    except OSError:
        raise StorageError("The webhook cannot be stored: the disk is full") from None


def new_delivery(delivery_id: str, url: str, owner: str, body: str) -> WebhookDelivery:
    """Return a delivery that is written now."""
    return WebhookDelivery(delivery_id, url, owner, body, time.time())
