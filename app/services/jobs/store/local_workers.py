"""The processes of one machine that share a folder of jobs.

Each holds a lock on a file of its own, which the kernel frees when it dies, and reads a datagram
socket, so that the others need not look into the folder again and again.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import socket
import uuid
from contextlib import suppress
from pathlib import Path

from app.services.jobs.store.job_database import DatabaseListener
from app.services.jobs.store.job_store import Message
from app.system.private_folders import private_folder

_DATAGRAM_BYTES = 65_536
_AGAIN_S = 0.05


class LocalWorkers:
    """This process among those that share a folder of jobs.

    Args:
        folder: of the jobs.

    Attributes:
        name: of this process, never used again.
    """

    def __init__(self, folder: Path) -> None:
        self.name = uuid.uuid4().hex
        self._folder = folder / "workers"
        self._lock = -1
        self._handle = -1
        self._socket: socket.socket | None = None
        self._listener: DatabaseListener | None = None

    def open(self, listener: DatabaseListener) -> None:
        """Be seen by the others from now on.

        Args:
            listener: gets their messages.
        """
        self._listener = listener
        private_folder(self._folder, "JOBS_DIR")
        self._handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        # Locked before it has its name: until then nobody may take it for a dead process's.
        new, lock = self._folder / f"{self.name}.new", self._folder / f"{self.name}.lock"
        self._lock = os.open(new, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        new.rename(lock)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(self._address(self.name))
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._receive)

    def close(self) -> None:
        """Be seen no longer."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None
            self._remove(self.name)
            os.close(self._lock)
            os.close(self._handle)

    def is_alive(self, name: str) -> bool:
        """Whether a process still runs."""
        if name == self.name:
            return True
        try:
            handle = os.open(self._folder / f"{name}.lock", os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def remove_dead(self) -> None:
        """Remove the files of processes that have died."""
        for name in self._others():
            if not self.is_alive(name):
                self._remove(name)

    def send_work(self) -> None:
        """Send the other processes that a job waits."""
        self._send({"work": 1})

    def send_events(self, job_id: str) -> None:
        """Send the other processes that a job has new events."""
        self._send({"events": job_id})

    def send_message(self, job_id: str, message: Message) -> None:
        """Send the other processes a message about a job."""
        self._send({"job": job_id, "message": dict(message)})

    def _send(self, content: dict[str, object]) -> None:
        others = self._others()
        data = json.dumps(content).encode() if others else b""
        for name in others:
            self._send_to(name, data)

    def _send_to(self, name: str, data: bytes) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(data, self._address(name))
        except BlockingIOError:  # it has not read the earlier ones yet
            asyncio.get_running_loop().call_later(_AGAIN_S, self._send_to, name, data)
        except OSError:
            return  # it has died

    def _receive(self) -> None:
        while self._socket is not None and self._listener is not None:
            try:
                content = json.loads(self._socket.recv(_DATAGRAM_BYTES))
            except BlockingIOError:
                return
            if "events" in content:
                self._listener.events_written(content["events"])
            elif "job" in content:
                self._listener.message_received(content["job"], content["message"])
            else:
                self._listener.work_arrived()

    def _others(self) -> list[str]:
        names = (path.stem for path in self._folder.glob("*.lock"))
        return [name for name in names if name != self.name]

    def _address(self, name: str) -> str:
        # A socket's address has 108 bytes at most, fewer than many folders.
        return f"/proc/self/fd/{self._handle}/{name}.socket"

    def _remove(self, name: str) -> None:
        for suffix in ("socket", "lock"):
            with suppress(OSError):
                (self._folder / f"{name}.{suffix}").unlink(missing_ok=True)
