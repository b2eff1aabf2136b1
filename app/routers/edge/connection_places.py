"""The places for connections of one worker, and who has to leave when they are taken."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Protocol

from app.routers.edge.refusal_log import RefusalLog

RESERVE = 64
"""Connections above the limit that may ask for the health check and nothing else."""


class Evictable(Protocol):
    """A connection."""

    def evict(self) -> None:
        """Close it."""
        ...


class ConnectionPlaces:
    """Counts connections, of all and of each peer.

    A new connection above a limit takes the place of the one that has waited longest without a
    request, of the peer that has most. Where all of them have requests, it is surplus.

    Args:
        limit: most connections besides the reserve.
        is_proxy: whether an address is a proxy's, which has the connections of many.
    """

    def __init__(self, limit: int, is_proxy: Callable[[str], bool]) -> None:
        self.limit = limit
        self._is_proxy = is_proxy
        self._peers: dict[Evictable, str] = {}
        self._counts: Counter[str] = Counter()
        self._idle: dict[str, OrderedDict[Evictable, None]] = {}
        self._refusals = RefusalLog("connections refused", lambda: {"open": self.count})

    @property
    def count(self) -> int:
        """Connections that are open."""
        return len(self._peers)

    def enter(self, connection: Evictable, peer: str) -> None:
        """Count a new connection, which may cost an idle one its place."""
        self._peers[connection] = peer
        self._counts[peer] += 1
        self.wait(connection)
        if self._counts[peer] > self._share(peer):
            self._evict(peer, connection)
        elif self.count > self.limit:
            self._evict(self._largest_idle(), connection)
        if self.count > self.limit + RESERVE:
            self.refuse("no place left")
            connection.evict()

    def replace(self, old: Evictable, new: Evictable) -> None:
        """Give a connection's place to the protocol that continues it."""
        peer = self._peers.get(old)
        if peer is None:
            return
        self.leave(old)
        self._peers[new] = peer
        self._counts[peer] += 1

    def leave(self, connection: Evictable) -> None:
        """Forget a connection that is closed."""
        peer = self._peers.pop(connection, None)
        if peer is None:
            return
        self._counts[peer] -= 1
        if not self._counts[peer]:
            del self._counts[peer]
        self._forget_idle(connection, peer)

    def wait(self, connection: Evictable) -> None:
        """Note that a connection has no request."""
        peer = self._peers.get(connection)
        if peer is not None:
            self._idle.setdefault(peer, OrderedDict())[connection] = None

    def work(self, connection: Evictable) -> bool:
        """Note that a connection has a request; return whether it is surplus."""
        peer = self._peers.get(connection)
        if peer is None:
            return False
        self._forget_idle(connection, peer)
        return self.count > self.limit or self._counts[peer] > self._share(peer)

    def refuse(self, reason: str) -> None:
        """Count something that was refused; what was is logged at intervals."""
        self._refusals.note(reason)

    def _share(self, peer: str) -> int:
        return self.limit if self._is_proxy(peer) else self.limit // 2

    def _largest_idle(self) -> str:
        return max(self._idle, key=self._counts.__getitem__)

    def _evict(self, peer: str, new: Evictable) -> None:
        """Evict the peer's connection that has waited longest, unless it is the new one."""
        oldest = next(iter(self._idle.get(peer, ())), new)
        if oldest is not new:
            self.refuse("too many connections")
            self.leave(oldest)
            oldest.evict()

    def _forget_idle(self, connection: Evictable, peer: str) -> None:
        idle = self._idle.get(peer)
        if idle is not None:
            idle.pop(connection, None)
            if not idle:
                del self._idle[peer]
