"""A request whose body is JSON, whatever its content type."""

from __future__ import annotations

from fastapi import Request

from app.domain.json_text import read_json
from app.system.loop_turns import take_turn


class JsonRequest(Request):
    """A request that is read as JSON within the bounds of `read_json`.

    Clients send JSON as ``text/plain``, as a form, or without a type; FastAPI's
    ``strict_content_type=False`` takes a body without a type for JSON, but none of another type.
    """

    @classmethod
    def of(cls, request: Request) -> JsonRequest:
        """Return a request that is not read yet without its content type."""
        headers = [pair for pair in request.scope["headers"] if pair[0] != b"content-type"]
        return cls({**request.scope, "headers": headers}, request.receive)

    async def body(self) -> bytes:
        """Read the body; a million small pieces take no more memory than a large one."""
        if not hasattr(self, "_body"):
            whole = bytearray()
            async for piece in self.stream():
                whole += piece
            self._body = bytes(whole)
        return self._body

    async def json(self) -> object:
        """Return the value of the body.

        Raises:
            ValueError: it is no JSON, or beyond the bounds.
        """
        text = await self.body()
        await take_turn()  # parsing megabytes takes some ten milliseconds
        return read_json(text)
