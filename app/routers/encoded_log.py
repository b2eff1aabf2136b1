"""A job's events as one kind of client gets them, encoded once for all of its readers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from weakref import WeakKeyDictionary, WeakValueDictionary

from app.domain.events import Done, Event
from app.routers.encoders import EventEncoder, Payload, result_payload
from app.routers.sliced_json import sliced_json
from app.services.jobs.runtime import JobRuntime
from app.submission.file_delivery import FileDelivery
from app.system.loop_turns import take_turn


@dataclass(frozen=True, slots=True)
class EncodedEvent:
    """The payload of an event.

    Attributes:
        json: compact, in UTF-8; never an empty object.
        is_error: whether it says that the job failed.
    """

    json: bytes
    is_error: bool


class EncodedLog:
    """Encodes a job's events in order, each when its first reader comes to it.

    Args:
        job: whose log it is.
        encoder: a new one.
    """

    def __init__(self, job: JobRuntime, encoder: EventEncoder) -> None:
        self._job = job
        self._encoder = encoder
        self._encoded: list[EncodedEvent | None] = []
        self._turn = asyncio.Lock()

    async def event(self, seq: int) -> EncodedEvent | None:
        """Return an event by its number; None where this kind of client gets none.

        Raises:
            IndexError: the log has no such event yet.
        """
        if seq > len(self._job.log):
            raise IndexError(seq)
        if seq > len(self._encoded):
            async with self._turn:
                while seq > len(self._encoded):
                    await self._encode_some(seq)
        return self._encoded[seq - 1]

    async def _encode_some(self, until: int) -> None:
        """Encode the next events; others get their turn first."""
        await take_turn()
        done = len(self._encoded)
        for _, event in self._job.log.after(done, min(until - done, _SLICE_EVENTS)):
            self._encoded.append(await self._encode(event))

    async def _encode(self, event: Event) -> EncodedEvent | None:
        payload: Payload | None
        if isinstance(event, Done):
            result = await result_payload(event.result, self._job, self._encoder.formats)
            if self._encoder.delivery is not None:
                result = await self._encoder.delivery.deliver(result, self._job)
            payload = {"result": result}
        else:
            payload = self._encoder.encode(event)
        if payload is None:
            return None
        return EncodedEvent(await sliced_json(payload), "error" in payload)


_SLICE_EVENTS = 50

_Key = tuple[type, tuple[str, ...], FileDelivery | None]
_logs: WeakKeyDictionary[JobRuntime, WeakValueDictionary[_Key, EncodedLog]] = WeakKeyDictionary()


def encoded_log(job: JobRuntime, encoder: EventEncoder) -> EncodedLog:
    """Return the encoded log that readers of one kind share, for as long as there is one.

    Args:
        job: whose log it is.
        encoder: a new one, which is used where there is no such log yet.
    """
    logs = _logs.setdefault(job, WeakValueDictionary())
    key = (type(encoder), tuple(encoder.formats), encoder.delivery)
    found = logs.get(key)
    if found is None:
        found = logs[key] = EncodedLog(job, encoder)
    return found
