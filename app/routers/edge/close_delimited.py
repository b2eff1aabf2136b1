"""Answers to HTTP/1.0 clients, which know no chunks: the end of the connection ends the body."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class CloseDelimitedCycle(RequestResponseCycle):
    """A request and its answer, whose body is sent as it is where its length is not known.

    uvicorn sends chunks to every client. Source: RFC 9112, section 6.1: a server must not send
    `Transfer-Encoding` unless the request is HTTP/1.1; section 6.3: then the body goes to the end
    of the connection.
    """

    _is_open_ended = False

    async def send(self, message: Any) -> None:
        """See the base class."""
        if message["type"] == "http.response.start":
            given = message.get("headers", ())
            if all(name.lower() != b"content-length" for name, _ in given):
                self._is_open_ended = True
                self.chunked_encoding = self.keep_alive = False
                # Streams ask for a connection that stays, and the base class adds its `close`.
                kept = [pair for pair in given if pair[0].lower() != b"connection"]
                message = {**message, "headers": kept}
        elif self._is_open_ended:
            # The base class holds every piece against a length.
            self.expected_content_length = len(message.get("body", b""))
        await super().send(message)
