"""A TCP proxy that cuts connections in their middle, as networks do."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass

_RESET = struct.pack("ii", 1, 0)
_PIECE_BYTES = 2**16


@dataclass(frozen=True, slots=True)
class Cut:
    """When a connection is cut.

    Attributes:
        sent_bytes: that the client may send; None for no limit.
        seen: what the server sends last; empty for no limit.
        ends_event: whether that is part of an event, and nothing behind the event is passed on: a
            slow server's client gets several at once.
    """

    sent_bytes: int | None = None
    seen: bytes = b""
    ends_event: bool = False


class CuttingProxy:
    """Passes bytes on to a server on loopback.

    Args:
        port: of the server.

    Attributes:
        cuts: of the connections that come next, one each; those after them are left whole.
        done: the cuts that were made.
        sent_bytes: that clients have sent in all connections.
        heads: the beginnings of what clients sent at a time, in lower case.
    """

    def __init__(self, port: int, *cuts: Cut) -> None:
        self.cuts = list(cuts)
        self.done: list[Cut] = []
        self.sent_bytes = 0
        self.heads: list[bytes] = []
        self._port = port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Address for a client."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> CuttingProxy:
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._socket, *self._open):
            # A thread that waits in it is woken by that alone.
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                self._open += [client, server]
                cut = self.cuts.pop(0) if self.cuts else Cut()
                for work in (self._up, self._down):
                    threading.Thread(target=work, args=(client, server, cut), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket, cut: Cut) -> None:
        sent = 0
        with contextlib.suppress(OSError):
            while piece := client.recv(_PIECE_BYTES):
                # No byte more: a quick server could answer the whole before the cut.
                passed = piece if cut.sent_bytes is None else piece[: cut.sent_bytes - sent]
                server.sendall(passed)
                sent += len(passed)
                self.sent_bytes += len(passed)
                self.heads.append(piece[:1000].lower())
                if cut.sent_bytes is not None and sent >= cut.sent_bytes:
                    self._reset(client, server, cut)
                    return
            server.shutdown(socket.SHUT_WR)

    def _down(self, client: socket.socket, server: socket.socket, cut: Cut) -> None:
        tail = b""
        with contextlib.suppress(OSError):
            while piece := server.recv(_PIECE_BYTES):
                tail = (tail + piece)[-2 * _PIECE_BYTES :] if cut.seen else b""
                end = _end(tail, cut) if cut.seen else None
                client.sendall(piece if end is None else piece[: len(piece) - len(tail) + end])
                if end is not None:
                    self._reset(client, server, cut)
                    return
            client.shutdown(socket.SHUT_WR)

    def _reset(self, client: socket.socket, server: socket.socket, cut: Cut) -> None:
        self.done.append(cut)
        for each in (client, server):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def _end(text: bytes, cut: Cut) -> int | None:
    """Return up to where a text is passed on; None for all of it, and what follows."""
    begin = text.find(cut.seen)
    if begin < 0:
        return None
    if not cut.ends_event:
        return len(text)
    end = text.find(b"\n\n", begin)
    return None if end < 0 else end + 2
