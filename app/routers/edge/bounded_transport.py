"""A transport that closes within a time, whatever its peer does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

CLOSE_S = 5.0
"""A peer has so long to take what was written, or to end what it sends."""

_DROPPED_BYTES = 32 * 2**20
"""What a peer may send after its answer: more than is on its way in any network."""

_STALL_S = 30.0
_SLOWEST_BYTES_PER_S = 1024
"""A peer that takes less than this from a full buffer has left, or holds memory on purpose."""


class BoundedTransport:
    """Wraps the transport of one connection.

    Args:
        transport: of the event loop.
        is_receiving: whether the peer is still sending a request.
    """

    def __init__(self, transport: asyncio.Transport, is_receiving: Callable[[], bool]) -> None:
        self._transport = transport
        self._is_receiving = is_receiving
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._pending = 0
        self._dropped = 0
        self.lingering = False

    def __getattr__(self, name: str) -> Any:
        """Return what the transport has besides."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write, unless it is closed: an application may not know that yet."""
        if not self.is_closing():
            self._transport.write(data)

    def is_closing(self) -> bool:
        """Whether it is closed, or about to be."""
        return self.lingering or self._transport.is_closing()

    def close(self) -> None:
        """Close once the peer has what was written, at the latest after `CLOSE_S`.

        To close while the peer sends would reset the connection, and the peer would not see the
        answer: what comes is dropped until it ends, see `drop`.
        """
        if self.is_closing():
            return
        if self._is_receiving() and self._transport.can_write_eof():
            self.lingering = True
            self._transport.write_eof()
            self._transport.resume_reading()
        else:
            self._transport.close()
        self._restart(CLOSE_S, self._transport.abort)

    def drop(self, count: int) -> None:
        """Take no notice of what a peer sends after its answer, up to a limit."""
        self._dropped += count
        if self._dropped > _DROPPED_BYTES:
            self._transport.abort()

    def watch_writing(self) -> None:
        """Watch a full buffer: abort unless the peer takes enough of it."""
        if not self.is_closing():
            self._pending = self._transport.get_write_buffer_size()
            self._restart(_STALL_S, self._check_writing)

    def stop_watching(self) -> None:
        """Stop the watch: the buffer is empty enough."""
        if not self.is_closing():
            self._cancel()

    def closed(self) -> None:
        """Stop every timer: the connection is gone."""
        self._cancel()

    def _check_writing(self) -> None:
        before, self._pending = self._pending, self._transport.get_write_buffer_size()
        if before - self._pending < _STALL_S * _SLOWEST_BYTES_PER_S:
            self._transport.abort()
        else:
            self._restart(_STALL_S, self._check_writing)

    def _restart(self, seconds: float, call: Callable[[], None]) -> None:
        self._cancel()
        self._timer = self._loop.call_later(seconds, call)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
