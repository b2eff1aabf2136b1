"""The link to the process that works on a job, over the store."""

from __future__ import annotations

import asyncio
import uuid

import structlog

from app.domain.errors import StorageError
from app.services.jobs.job_control import JobControl
from app.services.jobs.runtime import JobRuntime
from app.services.jobs.store.job_store import JobStore, Message

log = structlog.get_logger()

_HOLD_S = 45
"""How long the worker counts another process's readers without a further sign of them."""

_RENEW_S = 15.0


class RemoteOwner:
    """Sends what this process's readers do to the process that works on a job, and obeys others.

    Args:
        store: carries the messages.
        control: of the jobs that this process works on.
    """

    def __init__(self, store: JobStore, control: JobControl) -> None:
        self._store = store
        self._control = control
        self._name = f"worker {uuid.uuid4().hex[:12]}"
        self._held: dict[str, asyncio.TimerHandle] = {}
        self._sending: set[asyncio.Task[object]] = set()

    def hold(self, job_id: str) -> None:
        """See `OwnerLink`."""
        self._send(job_id, {"do": "hold", "caller": self._name})
        loop = asyncio.get_running_loop()
        self._held[job_id] = loop.call_later(_RENEW_S, self.hold, job_id)

    def release(self, job_id: str) -> None:
        """See `OwnerLink`."""
        timer = self._held.pop(job_id, None)
        if timer is not None:
            timer.cancel()
            self._send(job_id, {"do": "release", "caller": self._name})

    def leave(self, job_id: str, caller: str) -> None:
        """See `OwnerLink`."""
        self._send(job_id, {"do": "leave", "caller": caller})

    def watch(self, job_id: str, position_ms: int | None) -> None:
        """See `OwnerLink`."""
        self._send(job_id, {"do": "watch", "position_ms": position_ms})

    def close(self) -> None:
        """Hold nothing any more."""
        for timer in self._held.values():
            timer.cancel()
        self._held.clear()

    def execute(self, job: JobRuntime, message: Message) -> None:
        """Execute a message of another process about a job that this one works on."""
        caller, position_ms = str(message.get("caller", "")), message.get("position_ms")
        match message.get("do"):
            case "hold":
                job.callers.renew_lease(caller, _HOLD_S)
            case "release":
                job.callers.end_lease(caller)
            case "leave":
                task = asyncio.ensure_future(self._control.cancel(job, caller))
                self._keep(task)
            case "watch":
                self._control.watch(job, position_ms if isinstance(position_ms, int) else None)

    def _send(self, job_id: str, message: Message) -> None:
        self._keep(asyncio.ensure_future(self._deliver(job_id, message)))

    def _keep(self, task: asyncio.Task[object]) -> None:
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _deliver(self, job_id: str, message: Message) -> None:
        try:
            await self._store.send_message(job_id, message)
        except StorageError as error:
            log.warning("a message to a worker is not sent", job_id=job_id, reason=error.message)
